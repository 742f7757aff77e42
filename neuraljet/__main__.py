"""`python -m neuraljet`."""

import sys

from neuraljet.cli import main

sys.exit(main())
