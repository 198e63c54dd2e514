from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "import_row_by_kind",
        "exchange_importrow",
        ("run_id", "kind", "action", "id"),
        purpose="the difference page with its filters, and the chunks of an import, by keyset",
    ),
    IndexSpec(
        "import_row_by_key",
        "exchange_importrow",
        ("run_id", "kind", "key"),
        purpose="rows of one file that name each other, and keys that stand in it twice",
    ),
    IndexSpec(
        "import_latest",
        "exchange_import",
        ("received_at DESC", "id DESC"),
        purpose="the list of imports, newest first",
    ),
    IndexSpec(
        "mark_file_row_by_run",
        "exchange_markfilerow",
        ("run_id", "action", "id"),
        purpose="the difference a sheet of marks would make, by keyset",
    ),
)
