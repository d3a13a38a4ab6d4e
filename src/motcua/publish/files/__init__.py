"""What people open: the workbook and the page, made from an edition alone."""
