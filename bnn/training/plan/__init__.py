"""What is settled before a training begins: augmentation, start, whether pictures are held out, what to expect of it.

Each choice is made by short trainings and judged on pictures that they did not learn from. The trainer knows nothing of
it: it gets a `TrainConfig` in which everything is settled.
"""
