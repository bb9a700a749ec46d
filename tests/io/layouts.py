"""Tables as instruments, loggers, programs and people write them: each text with the names, units and rows it has."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Case:
    """A text, and what is to be read from it: names and rows (None where it does not matter), units it must have."""

    text: str
    names: list[str] | None
    rows: int | None = 8
    units: dict[str, str] = field(default_factory=dict)


def lines(columns: int, rows: int = 8, separator: str = ",", form: str = "%.4f", before: str = "") -> str:
    """Rows of numbers by a seed; before: begins each row, with {i} for its number."""
    values = np.random.default_rng(columns).normal(3, 1, (rows, columns))
    return "".join(
        before.replace("{i}", str(i)) + separator.join(form % v for v in row) + "\n" for i, row in enumerate(values)
    )


def whole(columns: int, rows: int = 8, separator: str = ",") -> str:
    values = np.random.default_rng(columns).integers(0, 17, (rows, columns))
    return "".join(separator.join(map(str, row)) + "\n" for row in values)


def comma(text: str) -> str:
    """Decimal points as commas."""
    return text.replace(".", ",")


TEK = (
    "Model,MDO3024\nFirmware Version,1.26\n\nWaveform Type,ANALOG\nPoint Format,Y\nHorizontal Units,s\n"
    "Sample Interval,4e-09\nRecord Length,100000\nGating,0.0% to 100.0%\nProbe Attenuation,1,10\nVertical Units,V,V\n"
    "Vertical Offset,0,0\nVertical Scale,1,0.5\n\n\nLabel,,\nTIME,CH1,CH2\n"
)
TEK_TDS = (
    "Record Length,2.500000e+03,,-0.0005, 0.04\nSample Interval,4e-07,,-0.0004996, 0.04\n"
    "Vertical Units,V,,-0.0004988,0.08\n"
)
TOA5 = '"TIMESTAMP","RECORD","BattV_Avg","PTemp_C_Avg"\n"TS","RN","Volts","Deg C"\n"","","Avg","Smp"\n' + lines(
    2, before='"2010-07-13 12:0{i}:00",{i},'
)
LVM = (
    "LabVIEW Measurement\t\nWriter_Version\t2\nReader_Version\t2\nSeparator\tTab\nDecimal_Separator\t.\nX_Columns\t1\n"
    "Operator\tuser\nDate\t2016/07/12\nTime\t14:51:42.9\n***End_of_Header***\t\n\t\nChannels\t1\t\t\nSamples\t1000\t\t\n"
    "Date\t2016/07/12\t\t\nX_Dimension\tTime\t\t\nX0\t0.0E+0\t\t\nDelta_X\t0.001\t\t\n***End_of_Header***\t\t\t\n"
    "X_Value\tUntitled\tComment\n" + lines(2, separator="\t").replace("\n", "\t\n")
)
GAMRY = (
    "EXPLAIN\nTAG\tCV\nTITLE\tLABEL\tCyclic\tTest &Identifier\nDATE\tLABEL\t3/4/2019\tDate\n"
    "VLIMIT\tQUANT\t1.0E+0\tLimit\nCURVE1\tTABLE\t500\n\tPt\tT\tVf\tIm\tOver\n\t#\ts\tV vs. Ref.\tA\tbits\n"
    + lines(3, separator="\t", before="\t{i}\t").replace("\n", "\t..........a\n")
)
DAVIS = "\t\tTemp\tHi\tLow\tOut\nDate\tTime\tOut\tTemp\tTemp\tHum\n" + lines(
    4, separator="\t", before="01/01/19\t{i}:30\t"
)
NDBC = "#YY  MM DD hh mm WDIR WSPD GST\n#yr  mo dy hr mn degT m/s  m/s\n" + lines(
    3, separator=" ", before="2023 01 0{i} 00 00 "
)
ORIGIN = "Long Name;Temp;U\nUnits;K;V\nComments;first;second\n" + lines(2, separator=";", before=";")
OCTAVE = "# Created by Octave 6.2.0\n# name: A\n# type: matrix\n# rows: 8\n# columns: 2\n" + lines(2, separator=" ")
QUALTRICS = (
    "Q1,Q2\nHow satisfied are you with the whole course so far?,How many hours do you learn in a week on average?\n"
    + whole(2)
)

CASES = {
    # --- headers of numbers, and rows that are none ---
    "pandas, columns without names": Case("0,1,2,3\n" + lines(4), ["0", "1", "2", "3"]),
    "pandas, with its index": Case(",0,1,2\n" + lines(3, before="{i},"), ["0", "1", "2"]),
    "pandas, rows that were shuffled": Case(",a,b\n14,1.5,2\n3,2.5,3\n77,3.5,1\n20,1,2\n", ["a", "b"], 4),
    "pandas, an index written twice": Case("Unnamed: 0,a,b\n" + lines(2, before="{i},"), ["a", "b"]),
    "pixels by number": Case(",".join(map(str, range(8))) + "\n" + whole(8), [str(n) for n in range(8)]),
    "wavelengths": Case("sample,400,410,420\n" + lines(3, before="s{i},"), ["sample", "400", "410", "420"]),
    "wavelengths alone": Case("400,410,420,430,440\n" + lines(5), ["400", "410", "420", "430", "440"]),
    "years beside a country": Case("land,2018,2019\nDE,1.5,2.5\nFR,1.2,3.3\nIT,1,2\n", ["land", "2018", "2019"], 3),
    "numbers in quotes": Case('"0","1"\n0.5,1.5\n1,2\n1.5,2.5\n', ["0", "1"], 3),
    "no names, whole numbers": Case("12,15\n" + whole(2), ["x1", "x2"], 9),
    "no names, 1 2 3 first": Case("1,2,3\n4,5,6\n7,8,9\n1,4,5\n", ["x1", "x2", "x3"], 4),
    "no names, 0 1 first": Case("0,1\n1,4\n2,5\n3,9\n", ["x1", "x2"], 4),
    "no names, a first row that goes on below": Case("0,1\n0.5,1.2\n1,1.4\n1.5,1.6\n", ["x1", "x2"], 4),
    "no names, a first row with a gap": Case("5.15,0.451,NA\n6.79,4.688,\n6.29,91.691,5.65\n", ["x1", "x2", "x3"], 3),
    "no names, a first cell that is empty": Case(",1.4e-02,7.1e+05\n2.3,1.2e+00,9.0e-01\n2.5,3.9e-01,5.1e-05\n",
                                                 ["x1", "x2", "x3"], 3),
    "iris": Case("5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n4.7,3.2,Iris-virginica\n", ["x1", "x2", "x3"], 3),
    # --- lines above the names, units below ---
    "Tektronix": Case(TEK + lines(3, form="%.6e"), ["TIME", "CH1", "CH2"]),
    "Tektronix TDS, its settings beside the values": Case(
        TEK_TDS + lines(2, 40, before=",,,"), ["x4", "x5"], 43),
    "Keysight": Case("x-axis,1,2\nsecond,Volt,Volt\n" + lines(3, form="%+.6E"), ["x-axis", "1", "2"], 8,
                     {"x-axis": "second", "1": "Volt", "2": "Volt"}),
    "Rigol": Case("X,CH1,CH2,Start,Increment,\nSequence,VOLT,VOLT,-6.0e-03,1.2e-05\n"
                  + lines(2, before="{i},", form="%.2e").replace("\n", ",,\n"), ["X", "CH1", "CH2"], 8,
                  {"CH1": "VOLT"}),
    "PicoScope": Case("Time,Channel A,Channel B\n(ms),(V),(mV)\n\n" + lines(3), ["Time", "Channel A", "Channel B"], 8,
                      {"Time": "ms", "Channel A": "V", "Channel B": "mV"}),
    "Campbell": Case('"TOA5","St","CR1000","1234","CR1000.Std","CPU:a.CR1","12","T1"\n' + TOA5,
                     ["TIMESTAMP", "RECORD", "BattV_Avg", "PTemp_C_Avg"], 8, {"BattV_Avg": "Volts"}),
    "Campbell, first line as wide as the table": Case('"TOA5","St","CR1000","1234"\n' + TOA5, ["TIMESTAMP", "RECORD",
        "BattV_Avg", "PTemp_C_Avg"], 8, {"PTemp_C_Avg": "Deg C"}),
    "LabVIEW": Case(LVM, ["X_Value", "Untitled"]),
    "Gamry": Case(GAMRY, ["Pt", "T", "Vf", "Im", "Over"], 8, {"T": "s", "Vf": "V vs. Ref.", "Im": "A"}),
    "Keithley": Case("Model:,2450,,\nSerial:,123,,\n\nIndex,Reading,Unit,Time\n1,1.0E-3,Amp DC,0.01\n"
                     "2,2.0E-3,Amp DC,0.02\n3,3.0E-3,Amp DC,0.03\n", ["Index", "Reading", "Unit", "Time"], 3),
    "Origin": Case(ORIGIN, ["Temp", "U"], 8, {"Temp": "K", "U": "V"}),
    "German, blank line of separators": Case(
        "Messung: 3;;\nDatum: 01.02.2024;;\n;;\nZeit;Spannung;Strom\n[s];[V];[A]\n" + comma(lines(3, separator=";")),
        ["Zeit", "Spannung", "Strom"], 8, {"Zeit": "s", "Strom": "A"}),
    "a title with a comma": Case("Pendulum, 12 March\n\nt,x\n" + lines(2), ["t", "x"]),
    "a title right above": Case("Pendulum experiment\nt,x\n" + lines(2), ["t", "x"]),
    "settings right above": Case("Model,DS1104Z\nCoupling,DC\nTime,CH1\n" + lines(2), ["Time", "CH1"]),
    "settings above three rows": Case("Operator,AB\nDate,2024-05-01\nPoints,3\nTime (s),U (V)\n" + lines(2, 3),
                                      ["Time", "U"], 3, {"Time": "s", "U": "V"}),
    "settings between tabs": Case("Instrument:\tXYZ\nDate:\t2024\n\nT\tU\n" + lines(2, separator="\t"), ["T", "U"]),
    "units in brackets": Case("t,v\n[s],[m/s]\n" + lines(2), ["t", "v"], 8, {"t": "s", "v": "m/s"}),
    "units and a description": Case("Time,U,I\ns,V,A\nTime since start,Measured,Measured\n" + lines(3),
                                    ["Time", "U", "I"], 8, {"Time": "s", "U": "V", "I": "A"}),
    "names that look like units": Case("t,V,A\n" + lines(3), ["t", "V", "A"]),
    "questions below their numbers": Case(QUALTRICS, ["Q1", "Q2"]),
    # --- names in several lines ---
    "a weather station": Case(DAVIS, ["Date", "Time", "Temp Out", "Hi Temp", "Low Temp", "Out Hum"]),
    "groups": Case("Wind,Wind,Air,Air\nspeed,direction,temp,pressure\n" + lines(4), ["Wind speed", "Wind direction",
                   "Air temp", "Air pressure"]),
    "groups in merged cells": Case("Sensor A,,Sensor B,\nmean,sd,mean,sd\n" + lines(4), ["Sensor A mean", "Sensor A sd",
                                   "Sensor B mean", "Sensor B sd"]),
    "two lines of words": Case("Air,Relative,Wind\ntemperature,humidity,speed\n" + lines(3), ["Air temperature",
                               "Relative humidity", "Wind speed"]),
    "pandas, columns of two levels": Case(",a,a,b\n,x,y,x\n" + lines(3, before="{i},"), ["a x", "a y", "b x"]),
    "pandas, aggregated": Case(",v,v,w\n,mean,std,mean\nk,,,\n5,1.5,2,3\n7,2.5,3,4\n9,3.5,1,2\n", ["k", "v mean",
                               "v std", "w mean"], 3),
    "two lines of words above two columns": Case("Air,Relative\ntemperature,humidity\n" + lines(2),
                                                 ["Air temperature", "Relative humidity"]),
    "words broken by hyphens": Case("Temper-,Rela-,Wind\nature,tive,speed\n" + lines(3), ["Temperature", "Relative",
                                    "Wind speed"]),
    "a group above some columns": Case("Zeit,Werte,,\n,T,p,RH\n" + lines(4), ["Zeit", "Werte T", "p", "RH"]),
    "settings filled up with separators": Case(
        "Protokoll;;;\nDatum;01.02.2024;;\nPrüfer;Meier;;\nZeit;Kraft;Weg;Temp\ns;N;mm;°C\n"
        + comma(lines(4, separator=";")), ["Zeit", "Kraft", "Weg", "Temp"], 8, {"Zeit": "s", "Temp": "°C"}),
    "settings of two words above three names": Case("Operator,AB,\nSample,X1,\nt,U,I\n" + lines(3), ["t", "U", "I"]),
    "names with line ends": Case('"Temp\n(°C)","Hum\n(%)"\n' + lines(2), ["Temp", "Hum"], 8,
                                 {"Temp": "°C", "Hum": "%"}),
    # --- headings with units ---
    "DIN": Case("l/cm;T/s\n" + comma(lines(2, separator=";")), ["l", "T"], 8, {"l": "cm", "T": "s"}),
    "DIN with blanks": Case("U / V\tI / mA\n" + lines(2, separator="\t"), ["U", "I"], 8, {"U": "V", "I": "mA"}),
    "DIN beside a number": Case("n;T/s\n" + comma(lines(2, separator=";")), ["n", "T"], 8, {"T": "s"}),
    "units written out below": Case("Zeit;Kraft;Weg\nMillisekunden;Kilonewton;Mikrometer\n" + lines(3, separator=";"),
                                    ["Zeit", "Kraft", "Weg"], 8, {"Zeit": "Millisekunden", "Weg": "Mikrometer"}),
    "units in words": Case("U in V;Zeit in s\n" + lines(2, separator=";"), ["U", "Zeit"], 8, {"U": "V", "Zeit": "s"}),
    "units behind a comma": Case("Напряжение, В;Ток, мА\n" + lines(2, separator=";"), ["Напряжение", "Ток"], 8,
                                 {"Напряжение": "В", "Ток": "мА"}),
    "a quotient that is a unit itself": Case("km/h,m/s\n" + lines(2), ["km/h", "m/s"]),
    "quotients of quantities": Case("C/N,H/C\n" + lines(2), ["C/N", "H/C"]),
    "calls that are no units": Case("time,V(out),I(R1)\n" + lines(3), ["time", "V(out)", "I(R1)"]),
    # --- separators ---
    "blanks with names of two words": Case("Temp (C)   Rel Hum (%)\n" + lines(2, separator="   "), ["Temp", "Rel Hum"],
                                           8, {"Temp": "C", "Rel Hum": "%"}),
    "blanks, units in brackets": Case("t [s] U [V]\n" + lines(2, separator=" "), ["t", "U"], 8, {"t": "s", "U": "V"}),
    "a comment with units in brackets": Case("# t (s) T (deg C)\n" + lines(2, separator=" "), ["t", "T"], 8,
                                             {"t": "s", "T": "deg C"}),
    "decimal commas between blanks": Case("x y\n" + comma(lines(2, separator=" ")), ["x", "y"]),
    "decimal commas between tabs": Case("x\ty\tz\n" + comma(lines(3, separator="\t")), ["x", "y", "z"]),
    "thousands between tabs": Case("x\ty\n1 234\t5 678\n2 345\t1 000\n", ["x", "y"], 2),
    "words with numbers between tabs": Case("place\ty\nroom 12\t1.5\nroom 7\t2.5\nroom 9\t3.5\n", ["place", "y"], 3),
    "words with blanks and decimal commas": Case("y\tn\tcolour\n7,0\t2\tgreen apple\n-15,4\t3\tred\n-2,43\t3\tblue\n",
                                                ["y", "n", "colour"], 3),
    "Markdown": Case("| x | y |\n|---|---|\n| 1.5 | 2 |\n| 2.5 | 3 |\n| 3.5 | 4 |\n", ["x", "y"], 3),
    # --- comments ---
    "a buoy": Case(NDBC, ["YY", "MM", "DD", "hh", "mm", "WDIR", "WSPD", "GST"], 8, {"WDIR": "degT", "WSPD": "m/s"}),
    "Octave": Case(OCTAVE, ["x1", "x2"]),
    "numpy.savetxt": Case("# x y\n" + lines(2, separator=" ", form="%.18e"), ["x", "y"]),
    "COMSOL": Case("% Model: a.mph\n% Dimension: 2\n% x   y   T (K)\n" + lines(3, separator="    "), ["x", "y", "T"], 8,
                   {"T": "K"}),
    "a network analyser": Case("! made by hand\n# HZ S RI R 50\n" + lines(3, separator=" "), ["x1", "x2", "x3"]),
    "a comment below the names": Case("kind,a,b\n# first part\n" + lines(2, before="u,"), ["kind", "a", "b"]),
    "NIST, a label before the names": Case(
        "NIST/ITL StRD\nDataset Name:  Norris (Norris.dat)\n\nData:       y          x\n"
        + lines(2, separator="   ", before="    "), ["y", "x"]),
    "names above their columns in two lines": Case(
        "Station Sample Weight Flag  CO2 concentration\n code   date          code     (ppmv)\n\n"
        + "".join(f"MLO    58032{n}   {n}    0         316.{n}0\n" for n in range(1, 9)),
        ["Station code", "Sample date", "Weight", "Flag code", "CO2 concentration"], 8, {"CO2 concentration": "ppmv"}),
    "rows of several lengths": Case("date, cpi, low, high\na, 28.9,,,\nb, 29.1, 29.8,\nc, 29.3, 29.7,\nd, 29.3, 29.9,\n"
                                    "e,, 217.2, 0.7\nf,, 218.2, 0.8\n", ["date", "cpi", "low", "high"], 6),
    "World Bank, years without values": Case("Name,Code,1960,1961,1962\nAruba,ABW,4.8,4.6,\nAngola,AGO,7.3,7.3,\n"
                                             "Chad,TCD,6.3,6.2,\n", ["Name", "Code", "1960", "1961"], 3),
    "columns of several lengths": Case(
        "1,0.5,2\n2,0.7,1\n" + "".join(f"{n},,{n * n}\n" for n in range(3, 40)), ["x1", "x2", "x3"], 39),
    "numbers of parts with a hash": Case("part,a,b\n" + lines(2, before="#{i},"), ["part", "a", "b"]),
    "pandas, names that are broken numbers": Case(
        ",0.5,1.0,2.5\n" + lines(3, before="{i},"), ["0.5", "1.0", "2.5"]),
    "HOBO": Case('"Plot Title: Site 4"\n"#","Date Time, GMT-05:00","Temp, °C (LGR S/N: 1234, SEN S/N: 1234)"\n'
                 + lines(1, before="{i},03/01/24 0{i}:00:00 AM,"), ["#", "Date Time, GMT-05:00", "Temp"], 8,
                 {"Temp": "°C"}),
    "ERDDAP": Case("time,latitude,sst\nUTC,degrees_north,degree_C\n" + lines(2, before="2024-01-0{i}T00:00:00Z,"),
                   ["time", "latitude", "sst"], 8, {"latitude": "degrees_north", "sst": "degree_C"}),
    "Siglent, settings as wide as the table": Case(
        "Record Length,Analog:8\nVertical Units,CH1:V,CH2:V\nVertical Scale,CH1:1,CH2:0.5\nSource,CH1,CH2\n"
        "Second,Volt,Volt\n" + lines(3), ["Source", "CH1", "CH2"], 8, {"Source": "Second", "CH1": "Volt"}),
    "Graphtec, dates beside units": Case(
        "機種名,GL240\n測定開始,2024/03/04 10:00:00\n\n番号,日付,時間,CH1,CH2\nNO.,Date,Time,degC,V\n"
        + lines(2, before="{i},2024/03/04,10:00:0{i},"), ["番号", "日付", "時間", "CH1", "CH2"], 8, {"CH1": "degC"}),
    "a comment of names that begins with #name": Case(
        "#name z mb\n" + lines(2, separator=" ", before="sn{i} "), ["name", "z", "mb"]),
    "a sentence above columns set apart by blanks": Case(
        "'Id: a Comment: x Operator: u Anode: Cu Scantype: Coupled\n" + lines(2, separator=" "), ["x1", "x2"]),
    "units below that say in": Case("t;U\nin s;in mV\n" + lines(2, separator=";"), ["t", "U"], 8,
                                    {"t": "s", "U": "mV"}),
    "units in East Asia": Case("時間(秒),温度(℃)\n" + lines(2), ["時間", "温度"], 8, {"時間": "秒", "温度": "℃"}),
    # --- R ---
    "R, rows with names": Case('"mpg" "cyl"\n"Mazda RX4" 21 6\n"Datsun 710" 22.8 4\n', ["column_1", "mpg", "cyl"], 2),
    "R, rows with numbers": Case('"x" "y"\n"1" 0.5 1.5\n"2" 1.5 2.5\n"3" 2.5 2.7\n', ["x", "y"], 3),
    "R, write.csv": Case('"","mpg","cyl"\n"1",21,6\n"2",22.8,4\n"3",21.4,6\n', ["mpg", "cyl"], 3),
    # --- slips ---
    "a slip in the first row": Case("x,y\noops,4\n2,5\n3,6\n4,7\n5,8\n6,9\n", ["x", "y"], 6),
    "a gap in the first row": Case("x,y\nNA,4\n2,5\n3,6\n", ["x", "y"], 3),
}  # fmt: skip
