"""neuraljet train: pictures in, run folder out."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from neuraljet.commands.camera import camera_of
from neuraljet.commands.train.call import train
from neuraljet.commands.train.options import LAYERS, TEACHERS, add_arguments, add_trust, parse_size, whole
from neuraljet.commands.train.summary import label_line, summary

if TYPE_CHECKING:
    from bnn.training.metrics import Metrics

__all__ = ["LAYERS", "TEACHERS", "add_arguments", "add_trust", "main", "summary", "train", "whole"]
NAME = "train"
HELP = "Train a binarized network on labelled pictures"
EXAMPLE = "neuraljet train pictures/ --out run --size 64x64"


def main(options: argparse.Namespace) -> "tuple[bool, Metrics]":
    try:
        metrics = train(
            options.data,
            options.out,
            network=options.network,
            layer=options.layer,
            kernel=options.kernel,
            size=parse_size(options.size) if options.size else None,
            color=options.color,
            epochs=options.epochs,
            seed=options.seed,
            resume=options.resume,
            progress=True,
            steps=options.steps,
            effort=options.effort,
            balance=options.balance,
            augment=options.augment,
            folds=options.folds,
            starts=options.starts,
            teacher=options.teacher,
            init=options.init,
            optimizer=options.optimizer,
            learning_rate=options.learning_rate,
            adversarial=options.adversarial,
            sites=options.sites,
            fps=options.fps,
            ramb18=options.ramb18,
            device=options.device,
            threads=options.threads,
            log=options.log,
            labels=options.labels,
            group_by=options.group_by,
            map=options.map,
            window=options.window,
            camera=camera_of(options, options.color),
        )
    except KeyboardInterrupt:
        if (Path(options.out) / "checkpoint.safetensors").exists():
            print(f"interrupted; the same command with --resume continues {options.out} after its last whole round")
        raise
    from bnn.training.worker import leads

    if leads():
        print(summary(metrics))
        print(label_line(Path(options.out)), end="")
        print(f"run folder: {options.out}   next: neuraljet build {options.out} --out accelerator")
    else:
        options.json = False  # one process of several prints for all
    return metrics.links.torch == 0 and metrics.links.qonnx == 0, metrics
