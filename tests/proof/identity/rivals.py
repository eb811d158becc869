"""What identity is measured against: the same records joined the way others join them.

What lives here: a graph without guards, and labels passed on a fixed number of times.
What never does: our models' links; both read nothing but what the records show.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from orchestration.scores.identity import IdentityScore, score_resolved
from orchestration.settings import Settings

PASSES = 5
_SHOWN = """
select node_key, identifier_type || '|' || identifier_scope || '|' || identifier_value as identifier
from identity.int_identity_observations
where identifier_type in ('shopify_customer_id', 'shopify_order_id', 'email', 'phone')
order by node_key, identifier
"""
_RESOLVED = """
create or replace temp table resolved as
select truth.source_table, truth.node_key as record_key, truth.person_id, truth.is_linkable,
    rival.customer_id
from truth left join rival on truth.node_key = rival.node_key
"""
_TRUTH = """
create or replace temp table truth as
select source_table, source_relation || '|' || source_table || '|' || source_row_id as node_key,
    cast(person_id as varchar) as person_id, is_linkable
from read_parquet(?)
"""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rivals:
    """Scores of both rivals over the same records."""

    no_guards: IdentityScore
    passes: IdentityScore


def score_rivals(settings: Settings, truth_file: str) -> Rivals:
    """Join every record, browser and identifier of the built warehouse in both ways."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute(_TRUTH, [truth_file])
        shown = connection.execute(_SHOWN).to_arrow_table()
        names = pa.chunked_array(shown["node_key"]).combine_chunks().dictionary_encode()
        values = pa.chunked_array(shown["identifier"]).combine_chunks().dictionary_encode()
        record = names.indices.to_numpy().astype(np.int64)
        identifier = values.indices.to_numpy().astype(np.int64)
        count, others = len(names.dictionary), len(values.dictionary)

        def score(labels: Labels) -> IdentityScore:
            rival = pa.table({"node_key": names.dictionary, "customer_id": labels.astype(str)})
            connection.register("rival", rival)
            connection.execute(_RESOLVED)
            connection.unregister("rival")
            return score_resolved(connection)

        return Rivals(
            no_guards=score(_components(record, identifier, count, others)),
            passes=score(_passed_labels(record, identifier, count, others)),
        )


def _components(record: Labels, identifier: Labels, count: int, others: int) -> Labels:
    size = count + others
    graph = coo_matrix((np.ones(len(record)), (record, count + identifier)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][:count], np.int64)


def _passed_labels(record: Labels, identifier: Labels, count: int, others: int) -> Labels:
    """Each pass gives every identifier its records' smallest label, and every record the
    smallest of its identifiers, as stitchers with a fixed number of passes do."""
    label = np.arange(count)
    for _ in range(PASSES):
        smallest = np.full(others, count)
        np.minimum.at(smallest, identifier, label[record])
        np.minimum.at(label, record, smallest[identifier])
    return label
