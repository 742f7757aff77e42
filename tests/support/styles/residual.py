"""Blocks with a shortcut: added in front of the sign, behind batch norms or without them."""

from torch import nn

from tests.support.foreign import sign, weights
from tests.support.styles.style import Function, conv, first, head, net, relu, style, turned


def block(inner: nn.Module, side: nn.Module | None = None, behind: nn.Module | None = None) -> nn.Module:
    """sign(behind(inner(x) + side(x)))."""
    identity = nn.Identity()
    return Function(
        lambda self, x: self.sign(self.behind(self.inner(x) + self.side(x))), inner=inner, side=side or identity,
        behind=behind or identity, sign=sign(),
    )  # fmt: skip


def after(*blocks: nn.Module, scale: float = 1.0, features: int = 256) -> nn.Module:
    return net(*first(), sign(scale), *blocks, *head(features))


def kernel(inputs: int = 4, outputs: int = 4, **options: object) -> nn.Module:
    return conv(inputs, outputs, **{"padding": 1, **options})


@style()
def residual() -> nn.Module:
    return after(block(net(kernel(), nn.BatchNorm2d(4))))


@style(shaken=False)
def residual_of_norms_that_fall() -> nn.Module:
    return turned(after(block(net(kernel(), nn.BatchNorm2d(4))), block(net(kernel(), nn.BatchNorm2d(4)))))


@style()
def residual_in_front_of_the_norm() -> nn.Module:
    return after(block(kernel(), behind=nn.BatchNorm2d(4)), scale=0.7)


@style()
def residual_shortcut_that_is_scaled() -> nn.Module:
    scaled = Function(lambda self, x: 0.35 * x)
    return after(block(net(kernel(), nn.BatchNorm2d(4)), scaled), scale=0.7)


@style()
def residual_of_two_convolutions() -> nn.Module:
    return after(block(kernel(4, 6, stride=2), conv(4, 6, 1, stride=2), nn.BatchNorm2d(6)), features=96)


@style()
def residual_of_scales_one_to_three() -> nn.Module:
    third = {**weights(per_channel=False), "weight_scaling_const": 3.0}
    return after(block(kernel(), conv(4, 4, 1, **third)))


@style()
def residual_of_two_norms() -> nn.Module:
    """Few sums: small integers stand for any two scales."""
    one, two = net(kernel(), nn.BatchNorm2d(4)), net(conv(4, 4, 1), nn.BatchNorm2d(4))
    return after(block(one, two))


@style(r"\(Add, FLOAT32, FLOAT32 -> FLOAT32\): the sums of channel \d have no common integer scale, times 16 at the")
def residual_of_two_norms_of_many_sums() -> nn.Module:
    one, two = net(kernel(16, 16), nn.BatchNorm2d(16)), net(kernel(16, 16), nn.BatchNorm2d(16))
    return net(*first(16), sign(), block(one, two), *head(1024))


@style(r"\(Add, BIPOLAR, BIPOLAR -> FLOAT32\): adds a \+-1 map and a \+-1 map; accepted: sums of one layer and a \+-1")
def residual_of_two_signs() -> nn.Module:
    return after(block(net(kernel(), nn.BatchNorm2d(4), sign())))


@style(r"\(Add, FLOAT32, UINT2 -> FLOAT32\): adds sums and a map of several levels")
def residual_of_levels() -> nn.Module:
    return net(*first(), relu(2), block(net(kernel(), nn.BatchNorm2d(4))), *head(256))


@style(r"reads the sums of \S+ without a sign in between")
def residual_without_a_sign() -> nn.Module:
    inner = Function(lambda self, x: self.conv(x) + x, conv=kernel())
    return after(net(inner, kernel(), nn.BatchNorm2d(4), sign()))


@style(r"is the sign of pooled sums of two branches; accepted: pooling behind the sign")
def residual_pooled_in_front_of_the_sign() -> nn.Module:
    return after(block(net(kernel(), nn.BatchNorm2d(4)), behind=nn.MaxPool2d(2)), features=64)


@style(shape=(1, 1, 10, 10))
def residual_pooled_behind_the_sign() -> nn.Module:
    return after(block(net(kernel(), nn.BatchNorm2d(4))), nn.MaxPool2d(2), features=64)
