"""Pipeline parallel: the first half of a model on the first instance, the second half on the second; what goes forward are
activations, what comes back are their gradients. Each instance also computes the unsplit model, and ends with an error where a
gradient differs."""

import os

import torch
import torch.distributed as dist

torch.manual_seed(0)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
dist.init_process_group("gloo")
rank = dist.get_rank()

rows = torch.linspace(-1, 1, 16).reshape(8, 2)
targets = rows.sum(dim=1, keepdim=True)
halves = [torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh()), torch.nn.Linear(4, 1)]
for whole in halves:
    whole.zero_grad()
((halves[1](halves[0](rows)) - targets) ** 2).mean().backward()
expected = [parameter.grad.clone() for parameter in halves[rank].parameters()]

mine = halves[rank]
mine.zero_grad()
for micro in range(2):  # micro batches, so that both instances work at once
    part = slice(micro * 4, micro * 4 + 4)
    if rank == 0:
        activations = mine(rows[part])
        dist.send(activations.detach(), dst=1)
        gradient = torch.empty_like(activations)
        dist.recv(gradient, src=1)
        activations.backward(gradient)
    else:
        received = torch.empty(4, 4)
        dist.recv(received, src=0)
        received.requires_grad_()
        loss = ((mine(received) - targets[part]) ** 2).mean() / 2
        loss.backward()
        dist.send(received.grad, dst=0)
for parameter, wanted in zip(mine.parameters(), expected):
    assert torch.allclose(parameter.grad, wanted, rtol=1e-10, atol=1e-12), (parameter.grad, wanted)
print(f"stage {rank} on {os.environ['SM_CURRENT_HOST']}: gradients equal the unsplit model's", flush=True)
dist.destroy_process_group()
