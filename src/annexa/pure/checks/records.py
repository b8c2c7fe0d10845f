"""Checks over the registers: each asserts one thing of every record that counts, or of every AI system through them."""

from datetime import date

from annexa.pure.checks.over import as_long, earliest, over, through, within
from annexa.pure.register import Entry
from annexa.pure.registers.assets import AI_KINDS, ASSETS
from annexa.pure.registers.issues import ISSUES
from annexa.pure.registers.suppliers import CLAUSES, SUPPLIERS

YEAR = 366
"""A year with the day on which it is due."""
REVIEW_DAYS = {"critical": YEAR, "important": YEAR, "standard": 2 * YEAR}
"""How long the assessment of a supplier counts, by its tier."""


# Assets: ISO/IEC 27001 A.5.9, A.5.12; ISO/IEC 42001 A.4


@over(ASSETS)
def assets_owned(asset: Entry) -> date | None:
    """Every asset has a named owner."""
    return as_long(asset.owner)


@over(ASSETS)
def assets_classified(asset: Entry) -> date | None:
    """Every asset has a classification and says whether it holds personal data."""
    return as_long(asset.classification, asset.personal_data)


@over(ASSETS)
def assets_located(asset: Entry) -> date | None:
    """Every asset says where it is kept."""
    return as_long(asset.location)


@over(ASSETS)
def assets_reviewed(asset: Entry) -> date | None:
    """Every asset was looked at within a year."""
    return within(asset.reviewed_on, YEAR)


@over(ASSETS, where=lambda asset: asset.classification in ("confidential", "strictly confidential"))
def confidential_assets_protected(asset: Entry) -> date | None:
    """Every confidential asset is encrypted at rest and in transit, and access to it is restricted."""
    return as_long({"encrypted at rest", "encrypted in transit", "access restricted"} <= set(asset.protection))


@over(ASSETS, where=lambda asset: asset.kind in ("training dataset", "validation dataset", "test dataset"))
def datasets_described(asset: Entry) -> date | None:
    """Every dataset states its purpose, where it is kept, and how long."""
    return as_long(asset.purpose, asset.location, asset.retention)


@over(ASSETS, where=lambda asset: asset.kind == "model")
def models_traced_to_data(asset: Entry) -> date | None:
    """Every model names its version and the datasets it was trained on, or the supplier it comes from."""
    return as_long(asset.version, asset.trained_on or asset.supplier)


@over(ASSETS, where=lambda asset: asset.kind == "agent")
def agents_privileges_stated(asset: Entry) -> date | None:
    """Every agent has an owner and a statement of what it may do by itself."""
    return as_long(asset.owner, asset.privileges)


@over(ASSETS, where=lambda asset: asset.kind in ("monitoring log", "model output store"))
def log_retention_stated(asset: Entry) -> date | None:
    """Every log and store of outputs says how long it is kept."""
    return as_long(asset.retention)


@over(ASSETS, where=lambda asset: asset.personal_data != "none" and asset.personal_data != "")
def personal_data_kept_for_a_time(asset: Entry) -> date | None:
    """Every asset with personal data has an owner, a purpose and a retention."""
    return as_long(asset.owner, asset.purpose, asset.retention)


@through(ASSETS, where=lambda asset: asset.kind in AI_KINDS)
def components_recorded(asset: Entry) -> date | None:
    """Every AI system in use has at least one component on record that has an owner."""
    return as_long(asset.owner)


# Suppliers: ISO/IEC 27001 A.5.19 to A.5.22; ISO/IEC 42001 A.10.3; GDPR Art. 28


@over(SUPPLIERS)
def suppliers_owned(supplier: Entry) -> date | None:
    """Every supplier has a named owner."""
    return as_long(supplier.owner)


@over(SUPPLIERS)
def suppliers_tiered(supplier: Entry) -> date | None:
    """Every supplier has a tier and a role for personal data."""
    return as_long(supplier.tier, supplier.role)


@over(SUPPLIERS, where=lambda supplier: supplier.tier in ("critical", "important", ""))
def suppliers_assessed(supplier: Entry) -> date | None:
    """Every critical or important supplier was assessed in time and not found inadequate."""
    if supplier.assessment not in ("adequate", "adequate with conditions"):
        return None
    return within(supplier.assessed_on, REVIEW_DAYS.get(supplier.tier, YEAR))


@over(SUPPLIERS, where=lambda supplier: supplier.assessment == "adequate with conditions")
def supplier_conditions_stated(supplier: Entry) -> date | None:
    """Every supplier that was found adequate with conditions has them on record."""
    return as_long(supplier.conditions)


@over(SUPPLIERS)
def supplier_contracts_in_force(supplier: Entry) -> date | None:
    """Every supplier has a contract on record that has not ended."""
    if not supplier.contract or supplier.contract_from is None:
        return None
    return date.max if supplier.contract_until is None else within(supplier.contract_until, 1)


@over(SUPPLIERS, where=lambda supplier: supplier.tier != "standard")
def supplier_clauses_settled(supplier: Entry) -> date | None:
    """For every critical or important supplier each contract clause is agreed or found not to be needed."""
    return as_long(set(CLAUSES) <= {*supplier.clauses, *supplier.clauses_not_needed})


@over(SUPPLIERS, where=lambda supplier: supplier.role == "processor")
def processors_bound(supplier: Entry) -> date | None:
    """Every processor is bound by clauses on data protection, sub-processors, incident notice and audit."""
    return as_long({"data protection", "sub-processors", "incident notice", "audit right"} <= set(supplier.clauses))


@over(SUPPLIERS, where=lambda supplier: supplier.tier == "critical")
def critical_suppliers_have_exit(supplier: Entry) -> date | None:
    """For every critical supplier there is a plan how to leave it."""
    return as_long(supplier.exit_plan)


@over(SUPPLIERS, where=lambda supplier: supplier.provides_ai == "yes")
def ai_suppliers_settled(supplier: Entry) -> date | None:
    """For every supplier of AI it is known whether it trains on our data, and which AI systems depend on it."""
    return as_long(supplier.trains_on_our_data in ("yes", "no", "not applicable"), supplier.systems)


@over(SUPPLIERS, where=lambda supplier: supplier.certificates != ())
def supplier_certificates_valid(supplier: Entry) -> date | None:
    """Every supplier that shows certificates shows them until a day that has not passed."""
    return within(supplier.certificates_until, 1)


# Context: ISO/IEC 27001, 42001 and 27701 4.1


@over(ISSUES)
def issues_reviewed(issue: Entry) -> date | None:
    """Every internal and external issue says what is done about it and was looked at within a year."""
    return earliest(as_long(issue.response, issue.owner), within(issue.reviewed_on, YEAR))


@over(ISSUES)
def climate_decided(issue: Entry) -> date | None:
    """For every issue it is decided whether it has to do with climate change."""
    return as_long(issue.climate in ("yes", "no", "not applicable"))
