import torch

# Threads that wait for one another on cores that others use as well make everything many times slower.
torch.set_num_threads(1)
