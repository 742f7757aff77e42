"""Parts of the trainable layers: our sign equals Brevitas', our norm equals torch's."""

import torch
import torch.nn.functional as F
from brevitas.nn import QuantIdentity
from brevitas.proxy import WeightQuantProxyFromInjector
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst
from torch import nn

from bnn.model.layers import BinaryWeight, Norm, Sign
from bnn.model.network import ConvBlock
from bnn.model.spec import Block


def test_the_sign_and_its_gradient_are_those_of_brevitas():
    theirs = QuantIdentity(act_quant=SignedBinaryActPerTensorConst, scaling_const=1.0, return_quant_tensor=False)
    torch.manual_seed(0)
    edges = torch.tensor([0.0, -0.0, 1.0, -1.0, 1.5, -1.5, 1e-30, -1e-30])
    x = torch.cat([edges, 2 * torch.randn(1000)])
    results = []
    for layer in (Sign(), theirs):
        leaf = x.clone().requires_grad_()
        y = layer(leaf)
        y.backward(torch.linspace(-1, 2, len(x)))
        results.append((y.detach(), leaf.grad))
    inside = x.abs() != 1  # at +-1 either gradient is a subgradient
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1][inside], results[1][1][inside])
    assert 0 < int(results[0][1].count_nonzero()) < len(x)


def test_binary_weights_are_those_of_brevitas():
    """Signs, gradient, and the clamping of the latent weights in place."""
    ours, theirs = BinaryWeight(1006), BinaryWeight(1006)
    proxy = WeightQuantProxyFromInjector(theirs, SignedBinaryWeightPerTensorConst.let(scaling_const=1.0))
    with torch.no_grad():
        edges = torch.tensor([0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30])
        ours.weight.copy_(torch.cat([edges, 2 * torch.randn(1000, generator=torch.Generator().manual_seed(0))]))
        theirs.weight.copy_(ours.weight)
    results = ours(), proxy(theirs.weight).value
    for y in results:
        y.backward(torch.linspace(-1, 2, len(y)))
    assert torch.equal(*results) and torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.weight.grad, theirs.weight.grad)
    assert float(ours.weight.detach().abs().max()) == 1 and 0 < int((results[0] > 0).sum()) < 1006


def test_a_norm_with_its_signs_is_a_batch_norm():
    torch.manual_seed(1)
    x, norm, theirs = torch.randn(8, 5, 4, 4), Norm(5), nn.BatchNorm2d(5)
    nn.init.normal_(norm.weight)
    theirs.load_state_dict(norm.state_dict())
    assert bool((norm.weight < 0).any())
    for mode in (True, False):
        norm.train(mode), theirs.train(mode)
        torch.testing.assert_close(norm(x * norm.signs()[:, None, None]), theirs(x))


def test_a_negative_scale_pools_the_smallest_sum():
    torch.manual_seed(2)
    block = ConvBlock(3, Block(4, form="binary", padding=False, pool=2), pixels=False)
    nn.init.uniform_(block.norm.weight, -2, -0.5)
    x = torch.randint(0, 2, (6, 3, 10, 10)) * 2.0 - 1
    block.train()
    block(x)
    block.eval()
    sums, signs = block.conv(x), block.norm.signs()
    pooled = torch.stack([(1 if s > 0 else -1) * F.max_pool2d(s * sums[:, i], 2) for i, s in enumerate(signs)], 1)
    mean, deviation = block.norm.running_mean * signs, (block.norm.running_var + block.norm.eps).sqrt()
    scale, shift = block.norm.weight / deviation, block.norm.bias
    expected = (pooled - mean[:, None, None]) * scale[:, None, None] + shift[:, None, None]
    assert torch.equal(block(x), torch.where(expected >= 0, 1.0, -1.0))
