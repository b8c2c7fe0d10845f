"""Lists of registers are ordered and counted by indexes that need no look at the rows.

One operation rather than one for each index: what Django does in between takes longer than the indexes.
"""

from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Lower

REGISTERS = (
    ("Asset", "asset", "ended_on", True, "kind unit classification personal_data stage"),
    ("Change", "change", "ended_on", True, "kind unit high_risk outcome"),
    ("Concern", "concern", "ended_on", True, "kind came_from unit outcome"),
    ("Contact", "contact", "ended_on", True, "kind unit"),
    ("Credential", "credential", "ended_on", True, "kind unit status"),
    ("DataSheet", "data_sheet", "ended_on", True, "unit ground personal_data"),
    ("Document", "document", "ended_on", True, "kind unit classification"),
    ("Duty", "duty", "ended_on", True, "kind met unit"),
    ("Engagement", "engagement", "ended_on", True, "kind unit screening"),
    ("Evaluation", "evaluation", "ended_on", True, "kind unit outcome"),
    ("FoundUse", "found_use", "ended_on", False, "vendor kind approved decision"),
    ("Indicator", "indicator", "ended_on", True, "frequency unit"),
    ("Issue", "issue", "ended_on", True, "side area effect unit"),
    ("Medium", "medium", "ended_on", True, "kind classification unit status"),
    ("Notice", "notice", "ended_on", True, "kind unit"),
    ("Objective", "objective", "ended_on", True, "unit kpi"),
    ("Party", "party", "ended_on", True, "kind basis taken_on unit"),
    ("Processing", "processing", "ended_on", True, "role special unit ground safeguard"),
    ("Project", "project", "ended_on", True, "stage risk unit developed_by"),
    ("Risk", "risk", "ended_on", True, "area unit treatment"),
    ("Routine", "routine", "ended_on", True, "kind frequency unit result"),
    ("Scope", "scope", "ended_on", True, "part unit"),
    ("SubjectRequest", "subject_request", "ended_on", True, "kind path unit outcome"),
    ("Supplier", "supplier", "ended_on", True, "country unit tier role provides_ai assessment"),
    ("SystemFile", "system_file", "ended_on", True, "unit"),
    ("Tool", "tool", "ended_on", True, "unit status data_up_to personal_up_to trains_on_inputs"),
    ("Treatment", "treatment", "ended_on", True, "unit effect"),
    ("UseRule", "use_rule", "ended_on", True, "data_from outcome unit"),
    ("Use", "use", "ended_on", True, "purpose data_class personal_data result unit assessment decision in_use"),
)
"""Class, noun, the day after which a record no longer counts, whether it has an owner, facets."""


class Indexes(Operation):
    """Facets share an index with the day of the end, instead of having one by themselves."""

    reversible = True

    def __init__(self) -> None:
        self.facets = {model: facets.split() for model, _, _, _, facets in REGISTERS}
        self.made = {model: list(_made(*told)) for model, *told in REGISTERS}

    def state_forwards(self, app_label, state) -> None:
        for model, facets in self.facets.items():
            told = state.models[app_label, model.lower()]
            for name in facets:
                field = told.fields[name].clone()
                field.db_index = False
                told.fields[name] = field
            told.options["indexes"] = [*told.options.get("indexes", []), *self.made[model]]
        state.reload_models([(app_label, model.lower()) for model in self.facets], delay=True)

    def database_forwards(self, app_label, schema_editor, from_state, to_state) -> None:
        look = schema_editor.connection.introspection.get_constraints
        for model, facets in self.facets.items():
            table = to_state.apps.get_model(app_label, model)
            with schema_editor.connection.cursor() as cursor:
                found = look(cursor, table._meta.db_table)
            for name, one in found.items():
                alone = one["columns"] if one["index"] and not one["unique"] and not one["primary_key"] else []
                if len(alone) == 1 and alone[0] in facets:
                    schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")
            for index in self.made[model]:
                schema_editor.add_index(table, index)

    def database_backwards(self, app_label, schema_editor, from_state, to_state) -> None:
        for model, facets in self.facets.items():
            table, before = (one.apps.get_model(app_label, model) for one in (from_state, to_state))
            for index in self.made[model]:
                schema_editor.remove_index(table, index)
            for name in facets:
                for sql in schema_editor._field_indexes_sql(before, before._meta.get_field(name)):
                    schema_editor.execute(sql)

    def describe(self) -> str:
        return "Indexes of the registers"


def _made(noun, ends, owned, facets):
    day = [ends] if ends else []
    counted = [*day, *(["owner"] if owned else [])]
    yield models.Index(Lower("name"), "slug", name=f"{noun}_order")
    yield models.Index(models.F("changed_at").desc(), Lower("name"), "slug", name=f"{noun}_changed")
    if counted:
        yield models.Index(fields=counted, name=f"{noun}_counted")
    for one in facets.split():
        yield models.Index(fields=[one, *day], name=f"{noun}_{one}")


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0027_saved_views'),
    ]

    operations = [Indexes()]
