"""A checkpoint is loaded only if every byte is as training wrote it. Else a sentence refuses it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.training.checkpoints import KEY, check_like, pack, unpack
from bnn.training.config import TrainConfig
from bnn.training.resume import checkpoint, restore
from bnn.training.trainer import Trainer

SPEC = NetworkSpec("tiny", (Block(2, pool=2),), (3,))
CONFIG = TrainConfig(epochs=4, batch=8)


def trainer(rounds: int = 0, spec: NetworkSpec = SPEC, config: TrainConfig = CONFIG, seed: int = 0) -> Trainer:
    r = np.random.default_rng(seed)
    images, labels = r.integers(0, 256, (20, 8, 8, 1)).astype(np.uint8), np.arange(20) % 2
    result = Trainer(Dataset("toy", ("a", "b"), images, labels, images, labels), spec, config)
    for _ in range(rounds):
        list(result.run_round())
    return result


@pytest.fixture(scope="module")
def good() -> bytes:
    begun = trainer(2)
    begun.evaluate()
    return checkpoint(begun)


def refused(path: Path, data: bytes, *words: str, by: Trainer | None = None) -> None:
    path.write_bytes(data)
    with pytest.raises(UserError, match="cannot be resumed") as caught:
        restore(by or trainer(), path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 500 + len(str(path))
    for word in words:
        assert word in message, message


def test_a_whole_one_is_taken(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(good)
    resumed = trainer()
    restore(resumed, tmp_path / "c")
    assert resumed.round == 2 and checkpoint(resumed) == good
    assert load_file(tmp_path / "c").keys() >= {"network.classifier.bias", "adam.step"}


def test_every_single_bit_counts(good: bytes, tmp_path: Path) -> None:
    """One bit is flipped, at 150 places all over the file, including the metadata and the seal."""
    fresh = trainer()
    before = checkpoint(fresh)
    for place in np.linspace(0, len(good) - 1, 150).astype(int):
        hurt = bytearray(good)
        hurt[place] ^= 1 << (place % 8)
        refused(tmp_path / "c", bytes(hurt), by=fresh)
    assert checkpoint(fresh) == before


@pytest.mark.parametrize("keep", [0, 7, 8, 100, -1])
def test_truncated(good: bytes, tmp_path: Path, keep: int) -> None:
    refused(tmp_path / "c", good[:keep])


def test_longer_or_something_else(good: bytes, tmp_path: Path) -> None:
    refused(tmp_path / "c", good + b"\0")
    refused(tmp_path / "c", good[:50] + b"x" + good[50:])
    refused(tmp_path / "c", b"\xff" * 100)
    refused(tmp_path / "c", save({"x": torch.zeros(3)}))
    (tmp_path / "c").unlink()
    (tmp_path / "c").mkdir()
    with pytest.raises(UserError, match="it is no file"):
        restore(trainer(), tmp_path / "c")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"round": -3}, "round -3 is not one of 1 to 4"),
        ({"round": 5}, "round 5 is not one of 1 to 4"),
        ({"round": 2.0}, "round 2.0"),
        ({"round": True}, "round True"),
        ({"round": 1}, "the steps are not those of 1 rounds"),
    ],
)
def test_sealed_numbers_out_of_range(good: bytes, tmp_path: Path, change: dict, words: str) -> None:
    (tmp_path / "c").write_bytes(good)
    tensors, numbers = unpack(tmp_path / "c")
    refused(tmp_path / "c", pack(tensors, numbers | change), words)
    refused(tmp_path / "c", pack(tensors, {k: v for k, v in numbers.items() if k not in change}))


def test_one_that_kept_the_best_round(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(good)
    tensors, numbers = unpack(tmp_path / "c")
    refused(tmp_path / "c", pack(tensors, numbers | {"best": 0.5}), "an earlier version wrote it")


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("network.classifier.bias", lambda x: x[:1], "network.classifier.bias is torch.float32 [1]"),
        ("network.classifier.bias", lambda x: x.double(), "torch.float64"),
        ("network.classifier.bias", lambda x: x * float("nan"), "classifier.bias holds numbers that are not finite"),
        ("adam.exp_avg", lambda x: x + float("inf"), "adam.exp_avg holds numbers that are not finite"),
        ("adam.exp_avg_sq", lambda x: x - 1, "negative squares"),
        ("network.blocks.0.norm.running_var", lambda x: -x - 1, "negative squares"),
        ("adam.step", lambda x: x + 1, "steps are not those"),
        ("adam.exp_avg", lambda x: None, "tensors missing or unknown: adam.exp_avg"),
    ],
)
def test_sealed_tensors_that_do_not_fit(good: bytes, tmp_path: Path, name: str, make, words: str) -> None:
    (tmp_path / "c").write_bytes(good)
    tensors, numbers = unpack(tmp_path / "c")
    made = make(tensors.pop(name))
    refused(tmp_path / "c", pack(tensors | ({} if made is None else {name: made}), numbers), words)


def test_that_of_another_training(good: bytes, tmp_path: Path) -> None:
    """These checkpoints are whole, but belong to another network, other settings or other pictures."""
    for other in (
        trainer(1, replace(SPEC, blocks=(Block(3, pool=2),))),
        trainer(1, config=replace(CONFIG, learning_rate=0.1)),
        trainer(1, seed=1),
    ):
        refused(tmp_path / "c", checkpoint(other), "of another training")


def test_numbers_survive_and_extra_tensors_do_not(tmp_path: Path) -> None:
    tensors, numbers = {"x": torch.arange(3)}, {"epoch": 1, "text": 'quote " and \\'}
    (tmp_path / "c").write_bytes(pack(tensors, numbers))
    read, also = unpack(tmp_path / "c")
    assert torch.equal(read["x"], tensors["x"]) and also == numbers
    with pytest.raises(ValueError, match="y"):
        check_like({**tensors, "y": torch.zeros(1)}, tensors)
    header = save(tensors, {KEY: json.dumps({"seal": "0" * 64})})
    (tmp_path / "c").write_bytes(header)
    with pytest.raises(UserError, match="seal"):
        unpack(tmp_path / "c")
