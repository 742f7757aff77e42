"""The package as Python imports it: each command is a function of it, whatever was imported before."""

import pkgutil

import neuraljet


def test_no_module_hides_a_function_of_the_package():
    """Python sets a package's attribute to a submodule once that is imported: a name can be one of the two."""
    modules = {module.name for module in pkgutil.iter_modules(neuraljet.__path__)}
    assert "cli" in modules and not modules & set(neuraljet.__all__)
