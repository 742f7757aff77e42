"""Forms of a trainable convolution: neural jets in four of them, and their plain binary rival.

All of them take +-1 maps (or raw pixels) and give integer sums; normalisation and sign come after.

    bottleneck   y_o = sum_m jet[o,m] * (sum_c s[m,c] x_c)        C bits per map, a selection per (o, m)
    separable    y_o = jet[o] * sum_c s[o,c] x_c                  C bits and a selection per output
    jets         y_o = sum_c jet[o,c] * x_c                       a selection per (o, c)
    constrained  y_o = sum_c jet[o,c] * x_c                       2n bits per (o, c), their product is the jet
    binary       y_o = sum_c w[o,c] * x_c                         K*K bits per (o, c)

Messages list them in the order in which they are imported here.
"""

from bnn.model.forms.base import FORMS, Convolution, ConvStage
from bnn.model.forms.selected import Bottleneck, Jets, Separable

# isort: split
from bnn.model.forms.constrained import Constrained

# isort: split
from bnn.model.forms.binary import Binary

__all__ = ["FORMS", "Binary", "Bottleneck", "Constrained", "ConvStage", "Convolution", "Jets", "Separable"]
