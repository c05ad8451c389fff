"""Points the unmodified `axme` package at AXME_BASE_URL: put this folder on PYTHONPATH."""

import os

# Python imports `sitecustomize` by itself at every start, before the program's first line, so a
# program that says only AxmeClientConfig(api_key=...) need not be changed. The package reads no
# environment variable: its address is the first default of that dataclass.
if address := os.environ.get("AXME_BASE_URL"):
    try:
        from axme_sdk.client import AxmeClientConfig
    except ModuleNotFoundError:
        pass  # Some other Python, without the package, inherited our PYTHONPATH.
    else:
        _, *others = AxmeClientConfig.__init__.__defaults__
        AxmeClientConfig.__init__.__defaults__ = (address, *others)
