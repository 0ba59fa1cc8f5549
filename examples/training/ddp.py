"""Data parallel: the same model on every instance, each with its share of the rows; gradients are averaged over gloo.

With equal shares the average of the shares' gradients is the gradient of all rows, so that the losses are those of one instance.
"""

import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

torch.manual_seed(0)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
print(f"rank {rank} of {size} on {os.environ['SM_CURRENT_HOST']} of {os.environ['SM_HOSTS']}", flush=True)

rows = torch.linspace(-1, 1, 12).reshape(12, 1)
targets = rows**3
share = slice(rank * 12 // size, (rank + 1) * 12 // size)
model = DistributedDataParallel(torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(20):
    loss = ((model(rows[share]) - targets[share]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total = loss.detach().clone()
    dist.all_reduce(total)
    if rank == 0:
        print(f"step={step} loss={total.item() / size:.9f};", flush=True)
if rank == 0:
    torch.save(model.module.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pt"))
dist.destroy_process_group()
