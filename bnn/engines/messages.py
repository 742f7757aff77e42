"""What goes to a worker and comes back: JSON texts, so that no process loads objects of another one."""

import json
import os
import traceback
from typing import Any

from bnn.engines.tasks import Task
from bnn.errors import ToolError, UserError


def request(task: Task) -> str:
    """Return the text, one line, that asks for a task."""
    return json.dumps({"function": task.function, "description": task.description})


def answer(text: str) -> str:
    """Perform the task that `request` wrote, here; return its record or what went wrong as a text of one line."""
    asked = json.loads(text)
    try:
        return json.dumps({"record": Task(asked["function"], asked["description"]).perform()})
    except UserError as error:
        return json.dumps({"user": _said(error)})
    except ToolError as error:
        return json.dumps({"tool": _said(error)})
    except Exception as error:  # the driver is told of every mistake, and the worker goes on
        return json.dumps({"tool": f"{asked['function']}: {type(error).__name__}: {_said(error)}{_place(error)}"})


def outcome(text: str) -> dict[str, Any] | UserError | ToolError:
    """Return the record that `answer` wrote, or the error."""
    found = json.loads(text)
    if "record" in found:
        return found["record"]
    return UserError(found["user"]) if "user" in found else ToolError(found["tool"])


def _said(error: Exception) -> str:
    return "; ".join([str(error), *getattr(error, "__notes__", ())])


def _place(error: Exception) -> str:
    """Return file and line of what raised, for who wrote the function."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
