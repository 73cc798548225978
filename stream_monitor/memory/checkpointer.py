"""The producing side over a `MemoryLog`: the steps of `kafka.transactor`, and the places where a test makes them fail."""

from collections.abc import Callable

from stream_monitor.core.events import Record, Source
from stream_monitor.memory.log import MemoryLog, ProducerFenced, TransactionExpired
from stream_monitor.memory.source import MemorySource
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.partitioner import partition_of
from stream_monitor.runtime.ports import Fenced, OutRecord, Transaction, TransactionAborted


class InjectedAbort(Exception):
    """Raised by a failpoint: the broker answers with an error that needs an abort."""


class InjectedTimeout(Exception):
    """Raised by a failpoint: the answer does not come, so nobody knows whether it happened."""


class MemoryCheckpointer:
    """Implements `runtime.ports.Checkpointer`.

    failpoint: called with begin, produced, offsets_sent, commit_sent, committed, as on Kafka. What it raises decides:
    InjectedAbort and InjectedTimeout become TransactionAborted; anything else is a crash and leaves the transaction open.
    """

    def __init__(
        self,
        log: MemoryLog,
        source: MemorySource,
        *,
        transactional_id: str,
        columns: str,
        failpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._source = source
        self._id = transactional_id
        self._columns = columns
        self._failpoint = failpoint
        self._epoch: int | None = log.open_producer(transactional_id)

    def commit(self, transaction: Transaction, deadline: Deadline) -> None:  # noqa: ARG002 - nothing blocks
        """See the port."""
        if not transaction.offsets:
            raise ValueError("a transaction without offsets would not be checked against the group")
        self._source.check_ownership(transaction.offsets.keys())
        if self._epoch is None:  # only now: a process that was replaced must not fence its successor
            self._source.check_membership()
            self._epoch = self._log.open_producer(self._id)
        epoch = self._epoch
        try:
            self._log.begin(self._id, epoch)
            self._failpoint("begin")
            for record in transaction.records:
                self._write(record, epoch)
            self._failpoint("produced")
            self._source.check_membership()
            self._log.send_offsets(
                self._id, epoch, self._source.group_name, self._source.offsets(transaction.offsets)
            )
            self._failpoint("offsets_sent")
            self._failpoint("commit_sent")
            self._log.commit(self._id, epoch)
            self._failpoint("committed")
        except TransactionExpired as error:
            self._epoch = None
            raise TransactionAborted("the transaction took too long") from error
        except ProducerFenced as error:
            raise Fenced(f"another process runs with the transactional id {self._id}: {error}") from error
        except InjectedTimeout as error:
            # Outcome unknown: a new epoch aborts what is open, if it is.
            self._epoch = self._log.open_producer(self._id)
            raise TransactionAborted("the broker did not answer") from error
        except InjectedAbort as error:
            self._abort(epoch)
            raise TransactionAborted("the broker asked for an abort") from error
        except TransactionAborted:
            self._abort(epoch)
            raise
        self._source.committed(transaction.offsets)

    def purge(self, partition: int, before: int) -> None:
        """See the port."""
        self._log.delete_records(Source(self._columns, partition), before)

    def close(self) -> None:
        """Nothing to let go of."""

    def _write(self, record: OutRecord, epoch: int) -> None:
        counts = self._log.partition_counts()
        partition = record.partition
        if partition is None:
            partition = partition_of((record.key or b"").decode(errors="replace"), counts[record.topic])
        self._log.write(
            self._id,
            epoch,
            Source(record.topic, partition),
            Record(0, -1, record.key, record.value, list(record.headers)),
        )

    def _abort(self, epoch: int) -> None:
        try:
            self._log.abort(self._id, epoch)
        except KeyError:  # already committed when the failpoint "committed" asked for an abort
            self._epoch = self._log.open_producer(self._id)
        except TransactionExpired:
            self._epoch = None
        except ProducerFenced as error:
            raise Fenced(f"another process runs with the transactional id {self._id}: {error}") from error
