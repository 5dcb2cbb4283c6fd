#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Usage: ijw.sh BINARY
#
# Goal: `ijw validate` says which message is right and what is wrong with another, without a value of it, and xmllint finds the same by an XSD of our own
# words. Method: messages of ijw_year.py, whole and with one thing changed; an XSD of a JW305 that was reduced to what the changes touch.

set -u
binary=$(realpath "$1")
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0

fail() {
        echo "$1"
        failed=1
}

PYTHONDONTWRITEBYTECODE=1 python3 - "$root/tests/integration" <<'PY' || exit 1
import sys
sys.path.insert(0, sys.argv[1])
import ijw_year
whole = next(text for child in ijw_year.year(1, 12) for text in child.messages if "jw305" in text)
changes = {"right": ("", ""), "date": ("<m:Begindatum>2", "<m:Begindatum>x2"), "missing": ("<m:Geslacht>0</m:Geslacht>", ""),
           "code": ("<i:Categorie>45", "<i:Categorie>99"), "more": ("</m:StartProduct>", "<m:Extra>1</m:Extra></m:StartProduct>"),
           "number": ("<m:ToewijzingNummer>", "<m:ToewijzingNummer>9999999999"), "empty": ("<i:Categorie>45</i:Categorie>", "<i:Categorie/>")}
for name, (old, new) in changes.items():
    assert old in whole, name
    with open(name + ".xml", "w", encoding="utf-8", newline="") as file:
        file.write(whole.replace(old, new, 1))
with open("eleven.xml", "w", encoding="utf-8", newline="") as file:
    file.write(whole.replace("<m:Bsn>9", "<m:Bsn>8", 1))
base, own = ijw_year.BASE, "http://www.istandaarden.nl/ijw/3_2/jw305/schema"
head = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:i="{base}" xmlns:m="{own}" elementFormDefault="qualified" targetNamespace='


def element(name, kind, more=""):
    return f'<xs:element name="{name}" type="{kind}"{more}/>'


def sequence(name, *elements):
    return f'<xs:complexType name="{name}"><xs:sequence>{"".join(elements)}</xs:sequence></xs:complexType>'


def simple(name, kind, *facets):
    return f'<xs:simpleType name="{name}"><xs:restriction base="xs:{kind}">{"".join(facets)}</xs:restriction></xs:simpleType>'


with open("basisschema.xsd", "w", encoding="utf-8") as file:
    file.write(head + f'"{base}">' + simple("date", "date", '<xs:pattern value="[^:Z]*"/>')
               + simple("category", "string", *(f'<xs:enumeration value="{n}"/>' for n in range(31, 56) if n != 39))
               + sequence("product", element("Categorie", "i:category"), element("Code", "xs:string", ' minOccurs="0"'))
               + sequence("birth", element("Datum", "i:date")) + sequence("surname", element("Achternaam", "xs:string"))
               + sequence("name", element("Geslachtsnaam", "i:surname"))
               + sequence("identification", element("Identificatie", "xs:string"), element("Dagtekening", "i:date"))
               + sequence("versions", element("BasisschemaXsdVersie", "xs:string"), element("BerichtXsdVersie", "xs:string")) + "</xs:schema>")
with open("JW305.xsd", "w", encoding="utf-8") as file:
    file.write(head + f'"{own}"><xs:import namespace="{base}" schemaLocation="basisschema.xsd"/>' + element("Bericht", "m:root")
               + sequence("root", element("Header", "m:header"), element("Client", "m:client"))
               + sequence("header", *(element(n, "xs:integer") for n in ("BerichtCode", "BerichtVersie", "BerichtSubversie", "Afzender", "Ontvanger")),
                          element("BerichtIdentificatie", "i:identification"), element("XsdVersie", "i:versions"))
               + sequence("client", element("Bsn", "xs:string"), element("Geboortedatum", "i:birth"), element("Geslacht", "xs:string"),
                          element("Naam", "i:name"), element("StartProducten", "m:starts"))
               + sequence("starts", element("StartProduct", "m:start", ' maxOccurs="unbounded"'))
               + simple("number", "integer", '<xs:minInclusive value="0"/>', '<xs:maxInclusive value="999999999"/>')
               + sequence("start", element("ToewijzingNummer", "m:number", ' minOccurs="0"'), element("Product", "i:product", ' minOccurs="0"'),
                          element("Begindatum", "i:date"), element("StatusAanlevering", "xs:string")) + "</xs:schema>")
PY

for file in right date missing code more number empty; do
        "$binary" ijw validate $file.xml >said
        ours=$?
        xmllint --noout --nonet --schema JW305.xsd $file.xml 2>/dev/null
        theirs=$?
        [ $theirs -eq 3 ] && theirs=1
        [ $ours -eq $theirs ] || fail "$file: we say $ours, xmllint $theirs: $(cat said)"
        [ $file = right ] || grep -q ' level 1, ' said || fail "$file: no level: $(cat said)"
done
"$binary" ijw validate eleven.xml >said && fail "a BSN that does not pass is right"
grep -q '^eleven.xml: IJW CS002: level 2, line [0-9]*, Bsn: ' said || fail "eleven: $(cat said)"
grep -Eq '[0-9]{9}' said && fail "a BSN is said: $(cat said)"
"$binary" ijw validate --json right.xml eleven.xml >said && fail "one of two is wrong, and the status 0"
[ "$(grep -c '"right":true' said)" = 1 ] && [ "$(grep -c '"rule":"CS002"' said)" = 1 ] || fail "json: $(cat said)"
"$binary" ijw validate none.xml 2>said
[ $? -eq 2 ] || fail "a file that is not there: $(cat said)"
"$binary" ijw validate --xsd "$folder" right.xml 2>said
[ $? -eq 2 ] && grep -q 'JW301.xsd' said || fail "an XSD that is not there: $(cat said)"
exit $failed
