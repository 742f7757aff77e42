"""What operators with two input streams share: attributes, schedule, and the wrapper with nj_join."""

from abc import abstractmethod
from math import prod

import numpy as np

from hw.bits import Ints
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.schedule import Schedule
from hw.text import sources_of


class JoinOperator(StreamOperator):
    """A layer of two streams of maps with the same rows and columns. It takes one beat of each at a time."""

    @abstractmethod
    def run(self, stream: Ints, *others: Ints) -> Ints:
        """Compute the integer function in bit space: two maps [N, C, H, W] -> a map."""

    def get_nodeattr_types(self) -> Attributes:
        """Return the attributes; inputShape1 and inputDataType1 are those of the second input."""
        more = {"inputShape1": ("ints", True, []), "inputDataType1": ("s", True, "")}
        return {**super().get_nodeattr_types(), **more}

    @property
    def beats(self) -> int:
        """The beats per frame, the same for every stream."""
        return prod(self.get_normal_output_shape()[1:-1])

    def get_exp_cycles(self) -> int:
        return self.beats

    def schedule(self, *arrivals: Ints) -> Schedule:
        both = np.maximum.reduce(arrivals)
        return Schedule((both,) * len(arrivals), both + 1)


class RtlJoin(JoinOperator, RtlOperator):
    """A module of hw/rtl behind nj_join, which puts the second input's beat above the first one's."""

    template = "joined.v.in"

    def template_values(self) -> dict[str, object]:
        first, second = self.instream_widths()
        padded = [self.get_instream_width_padded(i) for i in range(2)]
        more = {"in_bits": first + second, "in0_bits": first, "in1_bits": second}
        return {**super().template_values(), **more, "in0_padded": padded[0], "in1_padded": padded[1]}

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        files = super().get_rtl_file_list(abspath)
        return [*files, *(str(path) if abspath else path.name for path in sources_of("nj_join"))]
