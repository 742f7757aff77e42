"""The names of the optimizers, and the learning rate that each begins with unless a training says another.

Adam's has been in use since the first networks. The others were chosen among steps of a factor of about three, by
pictures held out of the training (docs/studies/optimizers.md).
"""

RATES = {
    "adam": 3e-2,
    "sgd": 10.0,
    "momentum": 1.0,
    "adagrad": 1e-1,
    "rmsprop": 1e-2,
    "adadelta": 30.0,
    "amsgrad": 3e-2,
    "nadam": 3e-2,
    "adamw": 3e-2,
    "bop": 3e-2,
}
OPTIMIZER = "adam"  # of a training that does not name one
MOST_RATE = 1e6
