"""Small trainings run faster on one thread, and do not disturb the simulators beside them."""

import torch

torch.set_num_threads(1)
