"""A network file is read with its values, or refused by a sentence that names the wrong entry."""

from dataclasses import dataclass

import pytest
import torch

from bnn.errors import UserError
from bnn.model.forms import FORMS
from bnn.model.network import Network
from bnn.model.options import check_options, one_of, option, whole
from bnn.model.spec import Block, NetworkSpec, load_spec, parse_spec
from bnn.storage.records import entries, parse
from neuraljet.commands.train import LAYERS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blocks = 3", "unknown"),
        ("[[block]]\nkernel = 3", "channels"),
        ("[[block]]\nchannels = 0", "1 to 1024"),
        ("[[block]]\nchannels = 8\nkernel = 4", "3 or 5"),
        ("[[block]]\nchannels = 8\nform = 'dense'", "bottleneck"),
        ("[[block]]\nchannels = 8\nkernel = 6\nform = 'binary'", "kernel = 6; allowed: 1 to 5"),
        ("[[block]]\nchannels = 8\npool = 9", "1 to 4"),
        ("[[block]]\nchannels = 8\npooling = 'mean'", "pooling = 'mean'; allowed: max"),
        ("[[block]]\nchannels = 8\n[[block]]\nchannels = 8\nmaps = 0", "block 1: maps = 0; allowed: 1 to 256"),
        ("hidden = ['a']\n[[block]]\nchannels = 8", "hidden"),
        ("[[block]", "TOML"),
        ("block = [1, 2]", "needs ..block.. tables"),
        ("block = 3", "needs ..block.. tables"),
        ("[block]\nchannels = 8", "needs ..block.. tables"),
        ("[[block]]\nchannels = 8\n" * 65, "has 65 blocks; allowed are at most 64"),
        ("[[block]]\nchannels = true", "channels = True; allowed: 1 to 1024"),
        ("[[block]]\nchannels = 8\nkernel = 3.0", "kernel = 3.0; allowed: 3 or 5"),
        ("[[block]]\nchannels = 8\nform = ['binary']", "form = .'binary'.; allowed"),
        ("[[block]]\nchannels = 8\nstride = inf", "stride = inf; allowed: 1 or 2"),
        ("[[block]]\nchannels = 8\npool = 2000-01-01", "pool = datetime"),
        ("[[block]]\nchannels = " + "9" * 5000, "TOML"),
        ("hidden = " + "[" * 5000 + "]" * 5000 + "\n[[block]]\nchannels = 8", "TOML"),
        ("hidden = [true]\n[[block]]\nchannels = 8", "hidden = .True.; allowed"),
    ],
)
def test_a_wrong_network_file_names_the_entry(text, message):
    with pytest.raises(UserError, match=message):
        parse_spec(text, "mine")


@pytest.mark.parametrize(("name", "size", "maps"), [("small", 28, 6), ("medium", 64, 7), ("large", 128, 7)])
def test_the_default_networks_leave_maps_for_the_classifier(name, size, maps):
    network = Network(load_spec(name), (1, size, size), 3).eval()
    assert network.classifier.linear.binary().shape[1] == maps * maps * load_spec(name).blocks[-1].channels
    assert network(torch.zeros(2, 1, size, size, dtype=torch.uint8)).shape == (2, 3)


def test_a_network_file_that_is_no_text(tmp_path):
    (tmp_path / "latin.toml").write_bytes("# größe\n[[block]]\nchannels = 8".encode("latin-1"))
    with pytest.raises(
        UserError, match=r"network '.*/latin\.toml' is not valid TOML: no UTF-8 at byte 4; save it as UTF-8"
    ):
        load_spec(tmp_path / "latin.toml")
    with pytest.raises(UserError, match="neither small, medium, large nor a TOML file"):
        load_spec(tmp_path)


def test_an_unknown_network_names_the_sizes():
    with pytest.raises(UserError, match="small, medium, large"):
        load_spec("huge")


def test_every_option_of_a_file_reaches_its_block():
    text = """
        hidden = [9]
        [[block]]
        channels = 8
        kernel = 5
        form = "binary"
        maps = 2
        stride = 2
        padding = false
        pool = 3
        pooling = "max"
        [[block]]
        channels = 4
    """
    first = Block(8, 5, "binary", 2, 2, False, 3, "max")
    assert parse_spec(text, "mine") == NetworkSpec("mine", (first, Block(4)), (9,))


def test_a_network_is_written_as_it_was_before_an_option_was_added():
    spec = NetworkSpec("mine", (Block(4), Block(6, pool=2)), (5,))
    old = {"channels": 4, "kernel": 3, "form": "bottleneck", "maps": 4, "stride": 1, "padding": True, "pool": 1}
    assert entries(spec) == {"name": "mine", "blocks": [old, old | {"channels": 6, "pool": 2}], "hidden": [5]}
    assert parse(NetworkSpec, entries(spec), "") == spec


def test_an_option_is_one_line():
    @dataclass(frozen=True)
    class Oven:
        kind: str = option(one_of("gas", "wood"), "gas")
        heat: int = option(lambda oven: whole(1, 9) if oven.kind == "gas" else one_of(1), 1, added=True)

    check_options(Oven("gas", 9))
    with pytest.raises(UserError, match=r"^heat = 9; allowed: 1$"):
        check_options(Oven("wood", 9))
    with pytest.raises(UserError, match=r"^kind = 3; allowed: gas or wood$"):
        check_options(Oven(3, 99))  # type: ignore[arg-type]
    assert entries(Oven("wood")) == {"kind": "wood"} and entries(Oven("gas", 2)) == {"kind": "gas", "heat": 2}
    assert parse(Oven, {"kind": "wood"}, "") == Oven("wood")
    with pytest.raises(TypeError, match="missing or unknown: kind"):
        parse(Oven, {"heat": 1}, "")


def test_the_command_line_knows_every_form():
    assert tuple(FORMS) == LAYERS


def test_only_selected_jets_may_be_none():
    assert Block(4, form="separable", zeros=True).zeros
    for form in ("constrained", "binary"):
        with pytest.raises(UserError, match="zeros = True; allowed: false"):
            Block(4, form=form, zeros=True)


def test_another_layer_in_every_block():
    spec = NetworkSpec("mine", (Block(4, 1, "binary"), Block(6, 2, "binary")))
    assert {(b.form, b.kernel) for b in spec.with_layer("separable", 5).blocks} == {("separable", 5)}
    assert [b.kernel for b in spec.with_layer(None, 3).blocks] == [3, 3]
    with pytest.raises(UserError, match="layer 'dense' is unknown; choose one of bottleneck, separable"):
        spec.with_layer("dense", None)
    with pytest.raises(UserError, match="network 'mine', block 0: kernel = 1; allowed: 3 or 5"):
        spec.with_layer("separable", None)


@pytest.mark.parametrize("form", FORMS)
def test_a_block_says_the_size_of_its_map(form):
    for options in ({}, {"padding": False}, {"stride": 2}, {"kernel": 5, "pool": 2}, {"stride": 2, "pool": 3}):
        block = Block(3, form=form, **options)
        network = Network(NetworkSpec("mine", (block,)), (1, 17, 14), 2)
        x = network.blocks[0](torch.zeros(1, 1, 17, 14))
        assert x.shape == (1, 3, block.output_size(17), block.output_size(14))
