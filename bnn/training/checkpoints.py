"""A file of tensors and a few numbers that is loaded as it was written, or not at all.

It is a safetensors file, so any tool reads it. Its metadata holds one JSON object under "neuraljet": the numbers, and
"seal", the SHA-256 over the whole file with 64 zeros in that place.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from bnn.errors import UserError
from bnn.storage.records import SEAL, parse_json

KEY = "neuraljet"
_BLANK = "0" * 64
SQUARES = (
    "running_var",
    "exp_avg_sq",
    "square_avg",
    "acc_delta",
    "adagrad.sum",
)  # what names of means of squares end with


def pack(tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> bytes:
    """Return the sealed file of `tensors` and the JSON object `numbers`."""
    plain = {name: value.detach().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}
    data = save(plain, {KEY: json.dumps({**numbers, SEAL: _BLANK})})
    place = data.index(_BLANK.encode())  # the metadata stand first
    return data[:place] + hashlib.sha256(data).hexdigest().encode() + data[place + 64 :]


def unpack(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and numbers of a sealed file. UserError when a byte of it is not as `pack` wrote it."""
    try:
        if not path.is_file():  # a named pipe would be waited for
            raise ValueError("it is no file")
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = parse_json(data[8 : 8 + length])
        numbers = parse_json(header["__metadata__"][KEY].encode())
        seal = str(numbers.pop(SEAL))
        place = data.index(seal.encode(), 8, 8 + length)
        if len(seal) != 64 or hashlib.sha256(data[:place] + _BLANK.encode() + data[place + 64 :]).hexdigest() != seal:
            raise ValueError("it was changed after it was written: its seal does not match its content")
        return load(data), numbers
    except (SafetensorError, struct.error, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, why: object) -> UserError:
    """Return the error about a file that training cannot go on from."""
    reason = str(why).splitlines()[0][:200] if str(why) else type(why).__name__
    return UserError(f"{path} cannot be resumed ({reason}); delete the folder and train again")


def check_like(tensors: Mapping[str, Tensor], like: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless names, shapes and types are those of `like` and all numbers are finite."""
    if set(tensors) != set(like):
        raise ValueError(f"tensors missing or unknown: {', '.join(sorted(set(tensors) ^ set(like))[:3])}")
    for name, value in tensors.items():
        if value.shape != like[name].shape or value.dtype != like[name].dtype:
            raise ValueError(
                f"{name} is {value.dtype} {list(value.shape)} and not {like[name].dtype} {list(like[name].shape)}"
            )
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name} holds numbers that are not finite")
        if name.endswith(SQUARES) and bool((value < 0).any()):
            raise ValueError(f"{name} holds negative squares")
