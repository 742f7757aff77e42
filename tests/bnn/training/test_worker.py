"""A training goes where it is told to, with as many threads as it is told to, and says where it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.forms import FORMS
from bnn.model.spec import Block, NetworkSpec
from bnn.training.augment import AUGMENTATIONS
from bnn.training.config import TrainConfig
from bnn.training.machine import Machine
from bnn.training.resume import checkpoint, restore
from bnn.training.train import train
from bnn.training.trainer import Trainer
from bnn.training.worker import Worker, device_of, joined, require_slices

SPEC = NetworkSpec("tiny", (Block(2, pool=2),))
CONFIG = TrainConfig(steps=2, batch=8)


@pytest.fixture(scope="module")
def data() -> Dataset:
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (20, 8, 8, 1)).astype(np.uint8), np.arange(20) % 2
    return Dataset("toy", ("a", "b"), images, labels, images, labels)


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_devices_that_are_there(one_gpu: None) -> None:
    assert [device_of(name).type for name in ("auto", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]
    with pytest.raises(UserError, match=r"device mps is not there: torch .* finds cuda, cpu; choose one of these"):
        device_of("mps")
    with pytest.raises(UserError, match=r"device 'tpu' is unknown; choose one of auto, cpu, cuda, mps"):
        device_of("tpu")


def test_auto_takes_the_cpu_where_there_is_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (torch.cuda, torch.backends.mps):
        monkeypatch.setattr(kind, "is_available", lambda: False)
    assert device_of("auto").type == "cpu"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("balance", [False, True])
def test_a_step_stays_on_its_device(data: Dataset, form: str, balance: bool) -> None:
    """The device is torch's "meta", which has shapes alone: it refuses what mixes it with tensors of the CPU."""
    spec = NetworkSpec("n", (Block(4, form=form, pool=2), Block(3, form=form, pool=2, pooling="sum")), (5,))
    config = replace(CONFIG, augment=AUGMENTATIONS, balance=balance)
    trainer = Trainer(data, spec, config, Worker(torch.device("meta")))
    trainer.optimizer = torch.optim.SGD([trainer.parameters.values])  # fused Adam knows no meta
    tally = next(trainer.run_round())
    assert tally.loss_sum.is_meta and tally.right.is_meta and trainer.parameters.gradient.is_meta
    assert all(value.is_meta for value in trainer.network.state_dict().values())
    with pytest.raises(RuntimeError, match="meta"):
        tally.loss_sum + torch.zeros(3)


def test_threads_are_set_for_the_training_and_written_down(data: Dataset, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    for threads in (1, 2):
        with joined(threads=threads) as worker:
            metrics = train(data, SPEC, tmp_path / str(threads), CONFIG, progress=False, worker=worker)
        assert metrics.machines == (Machine(torch.__version__, threads, "cpu", 1),)
        assert torch.get_num_threads() == before
    assert metrics.machines[0].line() == f"torch {torch.__version__}, 2 threads, cpu"


def test_a_training_that_is_resumed_elsewhere_names_both_machines(data: Dataset, tmp_path: Path) -> None:
    begun = Trainer(data, SPEC, CONFIG)
    begun.machines = (Machine("1.0", 64, "cuda", 8),)
    list(begun.run_round())
    (tmp_path / "c").write_bytes(checkpoint(begun))
    resumed = Trainer(data, SPEC, CONFIG)
    here = resumed.machines
    restore(resumed, tmp_path / "c")
    assert resumed.machines == (*begun.machines, *here)
    (tmp_path / "c").write_bytes(checkpoint(resumed))
    again = Trainer(data, SPEC, CONFIG)
    restore(again, tmp_path / "c")
    assert again.machines == resumed.machines


def test_slices_cover_a_batch_and_are_not_too_thin() -> None:
    batch = torch.arange(7)
    slices = [Worker(process=process, processes=3).slice(batch) for process in range(3)]
    assert torch.equal(torch.cat(slices), batch) and [len(part) for part in slices] == [3, 2, 2]
    assert Worker().slice(batch) is batch
    three = Worker(processes=3)
    require_slices(three, 60, 10)
    with pytest.raises(UserError, match=r"3 processes are too many for batches of 5 pictures.*start at most 2"):
        require_slices(three, 59, 10)
    require_slices(three.alone(), 1, 1)
