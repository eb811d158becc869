"""Explains one order's margin.

What lives here: the one way in: find the order, read it, check that it adds up.
What never does: statements (reading.py), text (report.py).
"""

from __future__ import annotations

from orchestration.margin.reading import find_order, lines_of, margin_tables, order_of
from orchestration.margin.statement import Statement
from orchestration.project import DbtProject
from orchestration.settings import Settings


def explain_order(settings: Settings, name: str) -> Statement:
    """The statement of the order that ``name`` means, compared with the marts to the last digit.

    Raises:
        UnknownOrderError, AmbiguousOrderError: see ``find_order``.
        UnbalancedStatementError: see ``Statement.check``.
        MarginMissingError, WarehouseBusyError: see ``margin_tables``.
    """
    project = DbtProject(settings)
    currency = str(project.variable("reporting_currency"))
    model = str(project.variable("margin_attribution_model"))
    with margin_tables(settings, "explain") as connection:
        order = order_of(connection, find_order(connection, name))
        statement = Statement(order, currency, model, lines_of(connection, order))
    statement.check()
    return statement
