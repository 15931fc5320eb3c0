"""What can be wrong with a template, and with the values that it is given."""

from __future__ import annotations

from moorage.errors import ConfigurationError, RefusedError, UsageError


class NoTemplate(UsageError):
    """There is no template of this name, or no template.yaml in this folder."""

    code = "no-template"


class BadTemplate(ConfigurationError):
    """A template.yaml has faults; all of them are told at once, each with its line and column."""

    code = "bad-template"


class TemplateExists(RefusedError):
    """The folder that a template would be copied to is there already."""

    code = "template-exists"


class BadParameters(UsageError):
    """Values for a template are unknown, of a wrong form, or not to be changed."""

    code = "bad-parameters"


class ParametersMissing(UsageError):
    """A template needs values that were not given, and nobody can be asked."""

    code = "parameters-missing"


class NotAvailable(RefusedError):
    """A template declares a parameter that cannot take effect yet, and it was given a value."""

    code = "parameter-not-available"


class NotFromTemplate(RefusedError):
    """The workspace was not made from a template, or from another one."""

    code = "not-from-template"
