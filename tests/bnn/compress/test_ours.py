"""Making our networks smaller: what is removed first, and that the rest stays as it was."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from bnn.compress.candidates import ChannelCandidates, jets_of
from bnn.compress.channels import layout, narrowed, removable
from bnn.compress.evolution import Evolution
from bnn.compress.importance import channel_saliency, channel_scale, jet_saliency
from bnn.compress.ranked import ranked
from bnn.compress.smaller import Smaller, finisher, smaller
from bnn.compress.zeros import pruned, selections, with_zeros, zero
from bnn.errors import UserError
from bnn.integer.freeze import freeze
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.training.evaluation import estimate_statistics, scores_of

SHAPE, CLASSES = (1, 12, 12), 3
IMAGES = torch.randint(0, 256, (40, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(40) % CLASSES


def made(*blocks, hidden=(), shape=SHAPE, **head):
    torch.manual_seed(3)
    network = Network(NetworkSpec("test", blocks, hidden, **head), shape, CLASSES)
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        norm.weight.data[::3] *= -1
        torch.nn.init.uniform_(norm.bias, -0.5, 0.5)
    estimate_statistics(network, IMAGES if shape == SHAPE else IMAGES.expand(-1, shape[0], -1, -1))
    return network


def plain(form, channels, **options):
    return Block(channels, form=form, padding=False, **options)


NETWORKS = {
    **{form: (plain(form, 6, pool=2), plain(form, 8)) for form in ("binary", "jets", "bottleneck", "separable")},
    "constrained": (plain("constrained", 6, pool=2), plain("constrained", 8)),
    "summed": (plain("binary", 6), plain("jets", 8, pool=0, pooling="sum")),
    "joined": (
        plain("binary", 6, pool=2),
        Block(6, 1, "binary", shortcut="add"),
        Block(5, 1, "binary", shortcut="concat"),
        plain("bottleneck", 7),
    ),
}


def zeroed(network, removed):
    """Return the scores of the network when the maps of the removed channels are zero."""
    found = layout(network.spec)
    hooks = []
    for own, block in zip(found.made, network.blocks, strict=True):
        keep = torch.tensor([channel not in removed for channel in own]).float()[:, None, None]
        module = block.pooling.sign if hasattr(block.pooling, "sign") else block.sign
        hooks.append(module.register_forward_hook(lambda m, a, bits, keep=keep: bits * keep))
    scores = scores_of(network, IMAGES)
    for hook in hooks:
        hook.remove()
    return scores


@pytest.mark.parametrize("hidden", [(), (9,)])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_narrowed_network_is_the_whole_one_with_maps_of_zero(name, hidden):
    network = made(*NETWORKS[name], hidden=hidden)
    channels = layout(network.spec).channels
    assert torch.equal(scores_of(narrowed(network, ()), IMAGES), scores_of(network, IMAGES))
    removed = {channels[1], channels[4], channels[-1]}
    smaller_one = narrowed(network, removed)
    assert torch.equal(scores_of(smaller_one, IMAGES), zeroed(network, removed))
    made_there = sum(b.channels for b in network.spec.blocks) - sum(b.channels for b in smaller_one.spec.blocks)
    assert made_there == (3 if name != "joined" else 5)  # a channel that is added to goes in two blocks
    freeze(smaller_one, ("a", "b", "c"))


def test_heads_with_one_weight_a_map_lose_it_and_heads_with_weights_keep_their_maps():
    network = made(*NETWORKS["binary"], head="pooled")
    assert torch.equal(scores_of(narrowed(network, (1, 8)), IMAGES), zeroed(network, (1, 8)))
    network = made(*NETWORKS["binary"], head="elman", head_width=5)
    assert removable(network) == tuple(range(6))
    assert torch.equal(scores_of(narrowed(network, (1,)), IMAGES), zeroed(network, (1,)))
    found = smaller(network, IMAGES, LABELS, by_channels(network) - 20, by_channels, Smaller(step=1))
    assert [block.channels for block in found.spec.blocks] == [4, 8]


def test_a_block_keeps_a_channel():
    with pytest.raises(ValueError, match="block 0"):
        narrowed(made(*NETWORKS["binary"]), range(6))


def test_the_name_says_the_channels_and_the_first_name():
    once = narrowed(made(*NETWORKS["binary"]), (0,))
    assert once.spec.name == "5-8 of test" and narrowed(once, (0,)).spec.name == "4-8 of test"


def redundant():
    """Return a network of which channel 2 is always on, and channel 9 says the same of every class."""
    network = made(plain("binary", 6, pool=2), plain("binary", 8))
    with torch.no_grad():
        network.blocks[0].norm.bias[2] = 100.0
        columns = network.classifier.linear.binary.weight.view(CLASSES, 8, -1)[:, 9 - 6]
        columns.copy_(columns[:1].expand_as(columns).clone())
    estimate_statistics(network, IMAGES)
    return network


def test_planted_redundant_channels_have_no_saliency():
    found = channel_saliency(redundant(), IMAGES)
    others = [value for channel, value in found.items() if channel not in (2, 9)]
    assert found[2] == 0 and found[9] < 1e-9 < min(others)
    assert channel_scale(redundant(), IMAGES)[2] == pytest.approx(abs(redundant().blocks[0].norm.weight[2].item()))


def test_saliency_is_the_second_difference_of_the_gates():
    """The last map reaches the scores linearly, so a gate there has the curvature of the cross entropy itself."""
    network = made(plain("binary", 6, pool=2), plain("binary", 4))
    found = channel_saliency(network, IMAGES)
    bits = {}
    network.blocks[1].sign.register_forward_hook(lambda m, a, result: bits.update(last=result))
    scores = scores_of(network, IMAGES).double()
    labels = torch.softmax(scores, 1)  # the loss is at its minimum
    centred = (bits["last"] - bits["last"].mean((0, 2, 3), keepdim=True)).double()
    weight = network.classifier.linear.binary().detach().double().view(CLASSES, 4, -1)
    scale, step = float(network.classifier.log_scale.detach().double().exp()), 1e-3
    for channel in range(4):
        change = scale * centred[:, channel].flatten(1) @ weight[:, channel].T

        def loss(gate, change=change):
            return float(F.cross_entropy(scores + (gate - 1) * change, labels))

        second = (loss(1 + step) - 2 * loss(1) + loss(1 - step)) / step**2
        assert found[6 + channel] == pytest.approx(second / 2, rel=1e-3)


def by_channels(network):
    """Return a cost that is as easy as can be: ten for each channel of the first block, one for each other."""
    first, *others = network.spec.blocks
    return 10.0 * first.channels + sum(block.channels for block in others)


def test_redundant_channels_go_first_and_the_scores_stay():
    network = redundant()
    cost = by_channels(network)
    found = smaller(network, IMAGES, LABELS, cost - 11, by_channels, Smaller(step=1, pictures=40))
    assert [block.channels for block in found.spec.blocks] == [5, 7]
    assert torch.equal(found.blocks[0].conv.binary.weight, network.blocks[0].conv.binary.weight[[0, 1, 3, 4, 5]])
    assert torch.equal(scores_of(found, IMAGES).argmax(1), scores_of(network, IMAGES).argmax(1))


def test_what_frees_more_goes_first():
    network = made(plain("binary", 8), plain("binary", 8))
    candidates = ChannelCandidates(network, dict.fromkeys(range(16), 1.0), step=2, least=2)
    found, gone = ranked(candidates, by_channels(network) - 45, by_channels, lambda part: None)
    assert [block.channels for block in found.spec.blocks] == [2, 8] and gone == (6, 0)


def test_channels_are_left_in_multiples():
    network = made(plain("binary", 8), plain("binary", 8))
    candidates = ChannelCandidates(network, dict.fromkeys(range(16), 1.0), step=4, least=4)
    assert [b.channels for b in candidates.without([3, 8]).spec.blocks] == [8, 4]


def test_a_budget_that_holds_the_whole_network_or_nothing():
    network = made(*NETWORKS["binary"])
    whole = smaller(network, IMAGES, LABELS, 1e9, by_channels)
    assert whole.spec.blocks == network.spec.blocks
    with pytest.raises(UserError, match=r"takes 44 LUT sites when all that may go is gone; the budget is 20"):
        smaller(network, IMAGES, LABELS, 20, by_channels)
    with pytest.raises(UserError, match="more than can be built"):
        smaller(network, IMAGES, LABELS, 20, lambda network: float("inf"))


@pytest.mark.parametrize("criterion", ["scale", "chance"])
def test_other_criteria_keep_the_budget(criterion):
    network = made(*NETWORKS["binary"])
    found = smaller(network, IMAGES, LABELS, 55, by_channels, Smaller(criterion=criterion, step=1))
    assert by_channels(found) <= 55


def test_evolution_keeps_the_budget_and_chooses_by_the_loss():
    network = made(plain("binary", 8), plain("binary", 8))
    how = Smaller("evolve", step=1, evolution=Evolution(6, 3))
    found = smaller(network, IMAGES, LABELS, 60, by_channels, how)
    assert by_channels(found) <= 60
    again = smaller(network, IMAGES, LABELS, 60, by_channels, how)
    assert again.spec == found.spec
    with pytest.raises(UserError, match="found no form within 3"):
        smaller(network, IMAGES, LABELS, 3, by_channels, how)


JETS = (plain("jets", 6, pool=2), plain("jets", 5), plain("bottleneck", 4, maps=3))


def left(network):
    """Return how many jets are left."""
    return float(sum(int((~zero(jets)).sum()) for jets in selections(network).values()))


def test_none_among_the_choices_changes_nothing_until_it_is_taken():
    network = made(*JETS)
    assert set(selections(network)) == {1, 2}  # with one gray input, none would remove the output
    wider = with_zeros(network)
    assert torch.equal(scores_of(wider, IMAGES), scores_of(network, IMAGES))
    assert [block.zeros for block in wider.spec.blocks] == [False, True, True]
    assert left(wider) == 6 * 5 + 3 * 4 and with_zeros(wider).spec.blocks == wider.spec.blocks


def test_pruned_jets_are_zero_and_stay_so_in_training():
    network = made(*JETS)
    fewer = pruned(network, [(1, 0, 2), (2, 3, 1)])
    kernels = fewer.blocks[1].conv.jets()
    assert not kernels[0, 2].any() and left(fewer) == left(with_zeros(network)) - 2
    optimizer = torch.optim.Adam(fewer.parameters(), lr=3e-2)
    fewer.train()
    for _ in range(20):
        F.cross_entropy(fewer(IMAGES), LABELS).backward()
        optimizer.step()
    assert zero(fewer.blocks[1].conv.jets)[0, 2] and zero(fewer.blocks[2].conv.jets)[3, 1]
    with pytest.raises(ValueError, match="output 3 of block 2"):
        pruned(network, [(2, 3, source) for source in range(3)])


def test_a_jet_of_a_constant_channel_goes_first():
    network = made(*JETS)
    with torch.no_grad():
        network.blocks[0].norm.bias[4] = 100.0
    found = jet_saliency(network, IMAGES)
    planted = {pair for pair in found if pair[0] == 1 and pair[2] == 4}
    assert max(found[pair] for pair in planted) < 1e-9 < min(found[pair] for pair in set(found) - planted)
    assert set(jets_of(network, IMAGES).items[0][:5]) == planted
    fewer = smaller(network, IMAGES, LABELS, left(with_zeros(network)) - 5, left, Smaller("prune", pictures=40))
    assert zero(fewer.blocks[1].conv.jets)[:, 4].all() and left(fewer) == left(with_zeros(network)) - 5
    reference = replace(network.spec, blocks=with_zeros(network).spec.blocks)
    assert fewer.spec.blocks == reference.blocks
    finisher(network, IMAGES)(network)
    assert torch.allclose(scores_of(fewer, IMAGES), scores_of(network, IMAGES), atol=1e-4)


def test_what_cannot_be_is_refused():
    with pytest.raises(UserError, match=r"method 'cut' is unknown; choose slim, prune, evolve"):
        Smaller("cut")
    with pytest.raises(UserError, match=r"jets are pruned by saliency"):
        Smaller("prune", "scale")
    with pytest.raises(UserError, match=r"no block whose outputs select several jets; take the method slim"):
        smaller(made(*NETWORKS["binary"]), IMAGES, LABELS, 5, by_channels, Smaller("prune"))
