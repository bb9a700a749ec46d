"""Encodings are told by the words they give: headings of many languages come back as they were written."""

import pytest

from kanviz.errors import TableError
from kanviz.io.encodings import guesses, is_sure
from kanviz.io.table_reading import Reading
from kanviz.io.tables import read_table

BODY = "".join(f"{n * 1.37:.2f},{n * 0.7:.2f},{n}\n" for n in range(1, 30))
HEADS = {
    "gb18030": ["温度,压力,流量", "时间(秒),电压,电流", "序号,浓度(mg/L),吸光度", "距离,角度,力矩"],
    "big5": ["溫度,壓力,流量", "編號,長度,重量"],
    "cp932": ["温度,圧力,流量", "経過時間[s],荷重[N],変位[mm]", "センサー,測定値,n", "ﾃﾞｰﾀ,値,n"],
    "euc_jp": ["時間,電圧,電流", "ひずみ,応力,n"],
    "cp949": ["온도,압력,유량", "번호,길이(mm),무게"],
    "cp1251": ["Температура,Давление,Расход", "время,напряжение,n", "Частота,Мощность,ЭДС"],
    "koi8_r": ["Температура,Давление,Расход", "время,напряжение,n", "Длина,Ширина,Высота"],
    "cp866": ["Температура,Давление,Расход"],
    "cp1250": ["Teplota,Tlak,Průtok", "prędkość,ciśnienie,długość", "hőmérséklet,nyomás,idő", "Čas,Napětí,Proud"],
    "iso8859_2": ["prędkość,ciśnienie,długość"],
    "cp1252": [
        "Länge,Höhe,größe",
        "Température (°C),débit,durée",
        "año,presión,n",
        "høyde,måling,n",
        "t (µs),U,T (°C)",
    ],
    "cp1253": ["Θερμοκρασία,Πίεση,n"],
    "cp1254": ["sıcaklık,basınç,ağırlık"],
    "cp850": ["Länge,Höhe,n"],
    "cp874": ["อุณหภูมิ,ความดัน,n", "เวลา,แรง,n"],
    "cp1255": ["טמפרטורה,לחץ,n"],
    "cp1256": ["الحرارة,الضغط,n"],
    "mac_roman": ["Température (°C),débit,n"],
}
PAIRS = [(encoding, head) for encoding, heads in HEADS.items() for head in heads]


@pytest.mark.parametrize(("encoding", "head"), PAIRS, ids=[f"{e}-{n}" for n, (e, _) in enumerate(PAIRS)])
def test_headings_come_back_as_they_were_written(encoding, head):
    found = read_table(f"{head}\n{BODY}".encode(encoding), "table.csv")
    names = [found.headings.get(name, name) for name in found.frame.columns]
    assert names == head.split(",")
    assert "not UTF-8" in found.notes[0]


def test_an_encoding_that_is_told_is_taken():
    data = f"Prùtok,y,n\n{BODY}".encode("cp1252")
    assert "Průtok" in read_table(data, "table.csv").frame.columns
    assert "Prùtok" in read_table(data, "table.csv", Reading(encoding="cp1252")).frame.columns


@pytest.mark.parametrize(("encoding", "words"), [("ascii", "cannot be read as ascii"), ("klingon", "no encoding")])
def test_an_encoding_that_is_none_or_does_not_fit_is_refused(encoding, words):
    with pytest.raises(TableError, match=words):
        read_table("größe,y\n1,2\n3,4\n".encode("cp1252"), "table.csv", Reading(encoding=encoding))


def test_little_damage_leaves_utf8_what_it_is():
    data = ("größe,höhe,n\n" + "ä,1,2\n" * 40).encode() + b"\xff,3,4\n"
    found = read_table(data, "table.csv")
    assert list(found.frame.columns) == ["größe", "höhe", "n"]
    assert "1 characters are damaged (the first in line 42)" in found.notes[0]


def test_japanese_mail_s_encoding_is_known():
    found = read_table(f"温度,圧力,流量\n{BODY}".encode("iso2022_jp"), "table.csv")
    assert list(found.frame.columns) == ["温度", "圧力", "流量"]


def test_a_guess_between_words_of_two_languages_is_not_sure():
    assert not is_sure(guesses("høyde".encode("cp1252")))
    assert is_sure(guesses("Температура".encode("cp1251")))


def test_a_long_text_without_blanks_is_looked_through_in_no_time():
    assert guesses(b"a" * 3_000_000 + b"\xe4" + b"b" * 3_000_000)
