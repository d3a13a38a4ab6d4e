"""Report forms as effective-dated data: a file says a report's columns, rows, page, and when it is published by itself.

In: `include/catalog/forms/*.yaml` and the list of reasons beside them. Out: typed, frozen forms. Never: a figure, or a
report that the code must know by name.
"""

from motcua.catalog.forms.columns import MEASURES, Column, Identity, Measure, Percent, Term
from motcua.catalog.forms.display import Bar, Chart, CountsByLevel, MostByUnit, Rate, Share, ShareByLevel, Tile
from motcua.catalog.forms.dossier_list import Apology, DossierList, ListColumn
from motcua.catalog.forms.form import Form, Section
from motcua.catalog.forms.published import Clock, PublishingRule
from motcua.catalog.forms.read import FormFile, counted_kind, form_file, load_form, load_list, report_codes
from motcua.catalog.forms.reasons import OverdueReason, overdue_reasons

__all__ = [
    "MEASURES",
    "Apology",
    "Bar",
    "Chart",
    "Clock",
    "Column",
    "CountsByLevel",
    "DossierList",
    "Form",
    "FormFile",
    "Identity",
    "ListColumn",
    "Measure",
    "MostByUnit",
    "OverdueReason",
    "Percent",
    "PublishingRule",
    "Rate",
    "Section",
    "Share",
    "ShareByLevel",
    "Term",
    "Tile",
    "counted_kind",
    "form_file",
    "load_form",
    "load_list",
    "overdue_reasons",
    "report_codes",
]
