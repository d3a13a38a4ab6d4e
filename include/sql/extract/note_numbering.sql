-- Grain: one first day of a new numbering of a source. Writes source_numbering. Saying it again changes nothing.
insert into source_numbering (source_id, since)
values (:source_id, :since)
on conflict do nothing
