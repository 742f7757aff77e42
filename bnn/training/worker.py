"""The process that trains: its device and threads, and the others that it trains with under torchrun.

Each of several processes takes its own slice of every batch, and their gradients are averaged, so all keep the same
weights. A slice is normalised by its own mean and variance. Process 0 leads: it owns the run folder, plans, judges
rounds and prints.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from bnn.errors import ToolError, UserError
from bnn.training.machine import Machine

DEVICES = ("auto", "cpu", "cuda", "mps")
CPU = torch.device("cpu")
PATIENCE = timedelta(days=2)  # processes wait for the one that plans and judges


@dataclass(frozen=True)
class Worker:
    """One process of a training. What the processes do together, each does in the same order."""

    device: torch.device = CPU
    process: int = 0
    processes: int = 1

    @property
    def leads(self) -> bool:
        return self.process == 0

    def alone(self) -> "Worker":
        """Return the worker that does the same without the other processes."""
        return replace(self, process=0, processes=1)

    def slice(self, batch: Tensor) -> Tensor:
        """Return what this process takes of a batch [N]."""
        return batch.tensor_split(self.processes)[self.process] if self.processes > 1 else batch

    def add_up(self, values: Tensor) -> None:
        """Replace `values` by their sum over all processes."""
        if self.processes > 1:
            with _with_others():
                dist.all_reduce(values)

    def share(self, data: bytes) -> bytes:
        """Return what process 0 gives; what the others give does not count."""
        if self.processes == 1:
            return data
        length = torch.tensor([len(data)], device=self.device)
        with _with_others():
            dist.broadcast(length, 0)
            content = torch.empty(int(length), dtype=torch.uint8, device=self.device)
            if self.leads:
                content.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
            dist.broadcast(content, 0)
        return content.cpu().numpy().tobytes()

    def machine(self) -> Machine:
        """Return what the run folder says of it."""
        return Machine(torch.__version__, torch.get_num_threads(), self.device.type, self.processes)


@contextmanager
def _with_others() -> Iterator[None]:
    """Turn what torch raises when another process is gone into a ToolError."""
    try:
        yield
    except RuntimeError as error:
        raise ToolError(
            "another process of this training has ended, and its message says why "
            f"({str(error).splitlines()[0][:120]}); the same command with --resume goes on after the last whole round"
        ) from None


def leads() -> bool:
    """Tell whether this process is the one of a training that prints, or the only one."""
    return not dist.is_torchelastic_launched() or int(os.environ["RANK"]) == 0


def device_of(name: str) -> torch.device:
    """Return the device called auto, cpu, cuda or mps; auto is the first of cuda, mps and cpu that is there.

    UserError when it is unknown, or not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name not in DEVICES:
        raise UserError(f"device {name[:60]!r} is unknown; choose one of {', '.join(DEVICES)}")
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if not there[name]:
        found = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise UserError(
            f"device {name} is not there: torch {torch.__version__} finds {found}; choose one of these, or install the "
            "driver and the torch that fits it"
        )
    return torch.device(name)


@contextmanager
def joined(device: str = "cpu", threads: int | None = None) -> Iterator[Worker]:
    """Yield the worker that this process is; under torchrun it is one of several, which have found each other.

    Inside, torch has `threads` threads; None leaves their number as it is.
    """
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        where = device_of(device)
        if not dist.is_torchelastic_launched() or int(os.environ["WORLD_SIZE"]) == 1:
            yield Worker(where)
            return
        if where.type == "cuda":
            where = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(where)
        dist.init_process_group("nccl" if where.type == "cuda" else "gloo", timeout=PATIENCE)
        yield Worker(where, dist.get_rank(), dist.get_world_size())
        dist.destroy_process_group()  # only at a good end: after an error the others may never come
    finally:
        torch.set_num_threads(before)


def require_slices(worker: Worker, pictures: int, steps_per_pass: int) -> None:
    """Raise UserError unless every process has two pictures of each batch, which normalising them needs."""
    fewest = pictures // steps_per_pass
    if worker.processes > 1 and fewest < 2 * worker.processes:
        raise UserError(
            f"{worker.processes} processes are too many for batches of {fewest} pictures, of which each takes two or "
            f"more; start at most {max(1, fewest // 2)}"
        )
