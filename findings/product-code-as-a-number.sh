#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a product code of iJw that holds a letter, such as 45E01, is text for every reader that guesses types; only codes of digits are at risk.
# Instead: 45E01 is a number with an exponent: fast-xml-parser, pandas, DuckDB and Polars make it 450 (44E08 becomes 4,400,000,000), and the XML
#          that fast-xml-parser builds again holds 450. A column with one other letter in it stays text, so it depends on the codes of the day.
# Hurts:   who reads allocations (JW301) or starts of help (JW305) beside ketenwacht: product codes are agreed between two parties, the letter E
#          is as good as any, and a code that became 450 is a valid code of somebody else. Say that codes are text.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install pandas==3.1.1 lxml duckdb==2.0.1 polars==2.1.0 &&
        npm i --silent --no-audit --no-fund fast-xml-parser@5.12.1; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >codes.py <<'END'
import pandas
import duckdb
import polars

for name, codes in (("E only", ["45E01", "44E08"]), ("other letters", ["45E01", "45A01"])):
    open("codes.xml", "w").write("<l>" + "".join(f"<p><Code>{c}</Code></p>" for c in codes) + "</l>")
    open("codes.csv", "w").write("\n".join(["Code"] + codes) + "\n")
    print(name, "pandas", pandas.read_xml("codes.xml").Code.tolist())
    print(name, "duckdb", [row[0] for row in duckdb.sql("from 'codes.csv'").fetchall()])
    print(name, "polars", polars.read_csv("codes.csv")["Code"].to_list())
END
cat >codes.mjs <<'END'
import { XMLBuilder, XMLParser } from 'fast-xml-parser'
const read = new XMLParser().parse('<Product><Categorie>45</Categorie><Code>45E01</Code></Product>')
console.log('fast-xml-parser', JSON.stringify(read), new XMLBuilder().build(read))
const text = new XMLParser({ parseTagValue: false }).parse('<Product><Categorie>45</Categorie><Code>45E01</Code></Product>')
console.log('fast-xml-parser, parseTagValue false', JSON.stringify(text))
END
{ v/bin/python codes.py; node codes.mjs; } >seen 2>&1
cat >expected <<'END'
E only pandas [450.0, 4400000000.0]
E only duckdb [450.0, 4400000000.0]
E only polars [450.0, 4400000000.0]
other letters pandas ['45E01', '45A01']
other letters duckdb ['45E01', '45A01']
other letters polars ['45E01', '45A01']
fast-xml-parser {"Product":{"Categorie":45,"Code":450}} <Product><Categorie>45</Categorie><Code>450</Code></Product>
fast-xml-parser, parseTagValue false {"Product":{"Categorie":"45","Code":"45E01"}}
END
v/bin/pip freeze | grep -E '^(pandas|duckdb|polars)='
npm ls 2>/dev/null | grep -o 'fast-xml-parser@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
