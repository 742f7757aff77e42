"""What every form of a trainable convolution is: weights that make one convolution, or several in a row."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from bnn.errors import UserError
from bnn.model.options import NO, Allowed

FORMS: dict[str, type["Convolution"]] = {}  # in the order in which messages list them


class ConvStage(NamedTuple):
    """One of the convolutions that follow each other in a layer."""

    weight: Tensor  # [O, I/groups, K, K]
    stride: int = 1
    groups: int = 1


class Convolution(nn.Module):
    """Convolution of one form: [N, in, H, W] -> [N, out, H', W'] integer sums.

    maps: M of the bottleneck. zeros: whether a jet may be none. padding: rows and columns of `pad_value` round the map,
    -1 on +-1 maps and 0 on pixels. A subclass with a name is in FORMS, and network files may ask for it.
    """

    form: ClassVar[str]
    kernels: ClassVar[Allowed]
    zeros_allowed: ClassVar[Allowed] = NO
    form_on_pixels: ClassVar[str]  # of the first block of a network of this form
    # What the leading dimensions of each weight run over: o outputs, i inputs, m maps of the bottleneck, 1 one alone.
    axes: ClassVar[Mapping[str, str]]

    def __init_subclass__(cls, form: str | None = None, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if form is not None:
            cls.form = form
            FORMS[form] = cls

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        maps: int = 4,
        zeros: bool = False,
        stride: int = 1,
        padding: int = 0,
        pad_value: int = -1,
    ) -> None:
        super().__init__()
        if not self.kernels.contains(kernel):
            raise UserError(f"kernel {kernel} is not possible for {self.form} layers; choose {self.kernels.words}")
        self.kernel, self.stride, self.padding, self.pad_value = kernel, stride, padding, pad_value
        self.zeros = zeros
        self.make_weights(inputs, outputs, maps)

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        """Make what is learned; the order decides which random numbers each weight begins with."""
        raise NotImplementedError

    def stages(self) -> list[ConvStage]:
        """Return the convolutions that make up the layer, in order."""
        raise NotImplementedError

    def forward(self, x: Tensor, signs: Tensor | None = None) -> Tensor:
        """Return the sums of x [N, in, H, W]; those of an output whose sign in `signs` [out] is -1 are negated."""
        if self.padding:
            x = F.pad(x, (self.padding,) * 4, value=float(self.pad_value))
        stages = self.stages()
        if signs is not None:
            last = stages[-1]
            stages[-1] = last._replace(weight=last.weight * signs[:, None, None, None])
        for weight, stride, groups in stages:
            x = F.conv2d(x, weight, stride=stride, groups=groups)
        return x
