"""The database of a one-stop system: the table `ho_so`, and the view `v_ho_so` that a read-only account may query."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    create_engine,
    insert,
    text,
)

from motcua.sandbox.systems.dossier_values import DossierValues, Holdings
from motcua.sandbox.systems.written import moments
from motcua.sandbox.world import people
from motcua.sandbox.world.columns import World

TABLE, VIEW = "ho_so", "v_ho_so"
_table = Table(
    TABLE,
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("group_id", Integer, nullable=False, index=True),
    Column("ma_ho_so", String(60)),
    Column("ma_don_vi", String(40)),
    Column("ten_don_vi", Text),
    Column("ma_tthc", String(60)),
    Column("ten_tthc", Text),
    Column("ma_linh_vuc", String(40)),
    Column("trang_thai", SmallInteger),
    Column("kenh", SmallInteger),
    Column("ngay_nop", DateTime),
    Column("ngay_tiep_nhan", DateTime, index=True),
    Column("ngay_hen_tra", DateTime),
    Column("ngay_ket_thuc", DateTime),
    Column("ngay_tra", DateTime),
    Column("ngay_yeu_cau_bo_sung", DateTime),
    Column("ngay_tu_choi", DateTime),
    Column("cap_nhat", DateTime),
    Column("le_phi", BigInteger),
    Column("thanh_toan_truc_tuyen", SmallInteger),
    Column("so_giay_to", SmallInteger),
    Column("so_hoa", SmallInteger),
    Column("tai_su_dung", SmallInteger),
    Column("tu_kho_dvcqg", SmallInteger),
    Column("ket_qua_dien_tu", SmallInteger),
    Column("xac_thuc_vneid", SmallInteger),
    Column("du_lieu_dan_cu", SmallInteger),
    Column("phi_dia_gioi", SmallInteger),
    Column("ngay_xin_loi", DateTime),
    Column("ly_do_qua_han", String(20)),
    Column("hai_long", SmallInteger),
    Column("loai_doi_tuong", SmallInteger),
    Column("ho_ten", Text),
    Column("so_cccd", String(20)),
    Column("dien_thoai", String(20)),
    Column("email", Text),
    Column("dia_chi", Text),
    Column("ghi_chu", Text),
    Column("mat_khau_tra_cuu", Text),
)


def fill_database(world: World, night: int, url: str) -> int:
    """Replace the table and the view of the database at a SQLAlchemy URL and return the number of rows."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"drop view if exists {VIEW}"))
            _table.drop(connection, checkfirst=True)
            _table.create(connection)
            rows = _rows(world, night)
            connection.execute(insert(_table), rows)
            seen = ", ".join(column.name for column in _table.columns if column.name != "mat_khau_tra_cuu")
            connection.execute(text(f"create view {VIEW} as select {seen} from {TABLE}"))  # noqa: S608  our own names
    finally:
        engine.dispose()
    return len(rows)


def _rows(world: World, night: int) -> list[dict[str, Any]]:
    holdings = Holdings(world, night)
    dossiers = DossierValues(world, holdings.columns, holdings.rows(None))
    person, instant = dossiers.of("person"), world.scenario.second_of_night(night)

    def flags(name: str) -> list[int]:
        return [int(is_so) for is_so in dossiers.fact(name)]

    columns = {
        "id": dossiers.ids,
        "group_id": dossiers.groups,
        "ma_ho_so": [number or None for number in dossiers.numbers],
        "ma_don_vi": [code or None for code in dossiers.unit_codes],
        "ten_don_vi": dossiers.unit_names,
        "ma_tthc": [code or None for code in dossiers.procedure(lambda p: p.code)],
        "ten_tthc": dossiers.procedure(lambda p: p.name),
        "ma_linh_vuc": dossiers.procedure(lambda p: p.field_code),
        "trang_thai": dossiers.national,
        "kenh": dossiers.channels,
        "ngay_nop": moments(dossiers.submitted),
        "ngay_tiep_nhan": moments(dossiers.received),
        "ngay_hen_tra": moments(dossiers.due),
        "ngay_ket_thuc": moments(dossiers.released),
        "ngay_tra": moments(dossiers.finished),
        "ngay_yeu_cau_bo_sung": moments(dossiers.paused),
        "ngay_tu_choi": moments(dossiers.refused),
        "cap_nhat": moments(dossiers.modified),
        "le_phi": dossiers.of("fee"),
        "thanh_toan_truc_tuyen": dossiers.payments,
        "so_giay_to": dossiers.fact("components"),
        "so_hoa": dossiers.fact("digitised"),
        "tai_su_dung": dossiers.fact("reused"),
        "tu_kho_dvcqg": dossiers.fact("from_store"),
        "ket_qua_dien_tu": [
            is_so if released else None for released, is_so in zip(dossiers.released, flags("results"), strict=True)
        ],
        "xac_thuc_vneid": flags("verified"),
        "du_lieu_dan_cu": flags("population"),
        "phi_dia_gioi": flags("non_territorial"),
        "ngay_xin_loi": moments(dossiers.apologies(instant)),
        "ly_do_qua_han": [code or None for code in dossiers.reasons(instant)],
        "hai_long": [rating or None for rating in dossiers.ratings],
        "loai_doi_tuong": [2 if people.is_business(n) else 1 for n in person],
        "ho_ten": [people.name(n) for n in person],
        "so_cccd": [people.identity_number(n) or None for n in person],
        "dien_thoai": [people.phone(n) for n in person],
        "email": [people.email(n) or None for n in person],
        "dia_chi": [people.address(n, place) for n, place in zip(person, dossiers.unit_names, strict=True)],
        "ghi_chu": [people.note(n) or None for n in person],
        "mat_khau_tra_cuu": [people.lookup_password(n) for n in person],
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
