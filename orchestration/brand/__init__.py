"""A simulated brand with known truth, in the raw layout, at any size.

What lives here: ``make_brand`` and the summary it returns.
What never does: anything that production imports.
"""

from orchestration.brand.make import BrandSummary, make_brand

__all__ = ["BrandSummary", "make_brand"]
