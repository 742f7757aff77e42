"""The jet algebra: the kernels are those of classic computer vision, and factorising undoes composing."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bnn import jets
from bnn.model.forms.constrained import compose
from bnn.model.forms.selected import Selection


def test_axis_kernels_are_the_known_ones():
    assert jets.axis_kernels(2).tolist() == [[1, 2, 1], [1, 0, -1], [1, -2, 1]]
    assert jets.axis_kernels(4).tolist() == [
        [1, 4, 6, 4, 1],
        [1, 2, 0, -2, -1],
        [1, 0, -2, 0, 1],
        [1, -2, 0, 2, -1],
        [1, -4, 6, -4, 1],
    ]


def test_sobel_and_laplacian_like_kernels_are_in_the_group():
    assert jets.kernel(2, 0, 1).tolist() == [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    assert jets.kernel(2, 1, 1).tolist() == [[1, 0, -1], [0, 0, 0], [-1, 0, 1]]


@pytest.mark.parametrize("n", [2, 4])
def test_the_group_is_linearly_independent(n):
    group = jets.group(n).reshape((n + 1) ** 2, -1)
    assert np.linalg.matrix_rank(group) == (n + 1) ** 2


@pytest.mark.parametrize("n", [2, 4])
def test_every_kernel_but_pure_smoothing_sums_to_zero(n):
    sums = jets.group(n).sum(axis=(1, 2))
    assert sums[0] == 4**n
    assert not sums[1:].any()


@given(st.sampled_from([2, 4]), st.data())
def test_factorise_undoes_kernel(n, data):
    sign = data.draw(st.sampled_from([1, -1]))
    ky, kx = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    assert jets.factorise(sign * jets.kernel(n, ky, kx)) == (sign, ky, kx)


@given(st.sampled_from([4, 8]), st.data())
def test_compose_agrees_with_polynomial_products_and_with_torch(factors, data):
    signs = np.array(data.draw(st.lists(st.sampled_from([1, -1]), min_size=factors, max_size=factors)))
    n = factors // 2
    axes = []
    for part in (signs[:n], signs[n:]):
        taps = np.array([1])
        for s in part:
            taps = np.convolve(taps, [1, s])
        axes.append(taps)
    expected = np.outer(*axes)
    assert np.array_equal(jets.compose(signs), expected)
    assert np.array_equal(compose(torch.from_numpy(signs).double()).numpy(), expected)
    assert jets.factorise(expected) == (1, int((signs[:n] < 0).sum()), int((signs[n:] < 0).sum()))


def test_factorise_refuses_what_is_not_in_the_group():
    assert jets.factorise(np.zeros((3, 3), np.int64)) == (0, 0, 0)
    assert jets.factorise(2 * jets.kernel(2, 0, 1)) is None
    assert jets.factorise(np.ones((3, 3), np.int64)) is None
    assert jets.factorise(np.ones((1, 1), np.int64)) is None
    almost = jets.kernel(4, 1, 2)
    almost[0, 0] += 1
    assert jets.factorise(almost) is None


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("zeros", [False, True])
def test_a_selection_is_a_jet_its_negative_or_none(kernel, zeros):
    torch.manual_seed(0)
    selection = Selection(40, 30, kernel, zeros)
    kernels = selection().detach().numpy()
    assert np.array_equal(kernels, np.rint(kernels))  # to the bit: the gradient's term adds an exact zero
    found = {jets.factorise(k.astype(np.int64)) for k in kernels.reshape(-1, kernel, kernel)}
    signed = {(sign, ky, kx) for sign in (1, -1) for ky in range(kernel) for kx in range(kernel)}
    assert found == signed | ({(0, 0, 0)} if zeros else set())


def test_the_largest_score_selects_and_the_first_of_equals():
    selection = Selection(1, 3, 3, zeros=True)
    with torch.no_grad():
        selection.weight.zero_()
        selection.weight[0, 1, 9 + 5] = 0.1
        selection.weight[0, 2, 18] = 0.1
    chosen = selection()[0].detach().numpy()
    assert np.array_equal(chosen, [jets.kernel(2, 0, 0), -jets.kernel(2, 1, 2), np.zeros((3, 3))])


def test_the_gradient_of_a_selection_is_that_of_the_blend():
    torch.manual_seed(1)
    selection, target = Selection(2, 3, 3, zeros=False), torch.randn(2, 3, 3, 3)
    (selection() * target).sum().backward()
    scores = selection.weight.detach().clone().requires_grad_()
    blend = torch.einsum("oij,jyx->oiyx", torch.softmax(2 * scores, -1), selection.table)
    (blend * target).sum().backward()
    assert torch.allclose(selection.weight.grad, scores.grad, atol=1e-6)
