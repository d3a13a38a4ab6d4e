-- Grain: one status that ends a dossier: 3 not accepted, 7 withdrawn, 8 stopped, 9 finished, 10 returned (domain.md
-- section 4.3). With every other status a dossier is open, or waits to be received.
select status_code
from (values (3), (7), (8), (9), (10)) as closing (status_code)
