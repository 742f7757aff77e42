"""The names of the optimizers, and the learning rate that each begins with unless a training says another.

Adam's has been in use since the first networks; its three relatives have the same, untried. The others are near the
best of three, in one training of 200 steps each on bsdata at 32x32, by pictures held out of it. The study `optimizers`
varies each by a factor of about three.
"""

RATES = {
    "adam": 3e-2,
    "sgd": 3.0,
    "momentum": 1.0,
    "adagrad": 3e-1,
    "rmsprop": 3e-2,
    "adadelta": 100.0,
    "amsgrad": 3e-2,
    "nadam": 3e-2,
    "adamw": 3e-2,
    "bop": 1e-2,
}
OPTIMIZER = "adam"  # of a training that does not name one
MOST_RATE = 1e6
