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
for child in ijw_year.year(1, 40):
    for text in child.messages:
        with open(f"kind-{text.split('/jw', 1)[1].split('/', 1)[0]}.xml", "w", encoding="utf-8", newline="") as file:
            file.write(text)
with open("kind-317.xml", "w", encoding="utf-8", newline="") as file:
    file.write(ijw_year.message(315, "K1", "2026-03-02", "<m:Client><m:Bsn>999900006</m:Bsn><m:Verzoek><m:ReferentieAanbieder>V</m:ReferentieAanbieder>"
                                "<m:RedenVerzoek>1</m:RedenVerzoek><m:OngewijzigdeProducten><m:OngewijzigdProduct>"
                                "<m:ToewijzingNummer>1</m:ToewijzingNummer></m:OngewijzigdProduct>"
                                "</m:OngewijzigdeProducten></m:Verzoek></m:Client>", "98900001", "0014").replace("jw315", "jw317").replace(">446<", ">486<"))
for kind in ijw_year.CODES: # return messages: without a fault, and with one of the whole
    parties = ("0014", "98900001") if kind in (301, 319) else ("98900001", "0014")
    for number, codes in enumerate(("", "<m:RetourCodes><m:RetourCode>0001</m:RetourCode></m:RetourCodes>")):
        with open(f"kind-{kind + 1}-{number}.xml", "w", encoding="utf-8", newline="") as file:
            file.write(ijw_year.message(kind, "K1", "2026-03-02", "", *parties, "2026-03-03", codes))
strange = {"envelope": '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>' + whole.split("?>", 1)[1] + "</e:Body></e:Envelope>",
           "release": whole.replace("ijw/3_2", "ijw/3_1"), "other": whole.replace("jw305", "jw323"), "nothing": "", "zip": "PK\3\4 and more"}
for name, text in strange.items():
    with open(name + ".xml", "w", encoding="utf-8", newline="") as file:
        file.write(text)
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
"$binary" ijw validate kind-*.xml >said || fail "a message of some kind is refused: $(grep -v ', right$' said)"
for kind in 301 302 305 306 307 308 315 316 317 319 320; do
        grep -q ": JW$kind, right$" said || fail "no JW$kind: $(cat said)"
done

while read -r name words; do # what a person did wrong, in words that say what to do
        "$binary" ijw validate "$name.xml" >said && fail "$name is right"
        grep -q "$words" said || fail "$name: $(cat said)"
done <<'END'
envelope take off what lies around it
release another release than iJw 3.2
other 301, 305, 307, 315, 317, 319
nothing it is empty
zip unpack it first
END
"$binary" ijw validate . 2>said
[ $? -eq 2 ] && grep -q 'name the files in it' said || fail "a folder: $(cat said)"

# The published XSDs: one that cannot be built is none of the message's faults; what they refuse is said at level 1
mkdir xsd && cp basisschema.xsd xsd
for kind in 301 302 305 306 307 308 315 316 317 318 319 320; do
        sed "s/jw305/jw$kind/g" JW305.xsd >xsd/JW$kind.xsd
done
"$binary" ijw validate --xsd xsd right.xml >said || fail "right by the XSDs: $(cat said)"
sed -i 's/maxInclusive value="999999999"/maxInclusive value="1"/' xsd/JW305.xsd
"$binary" ijw validate --xsd xsd right.xml >said
[ $? -eq 1 ] && grep -q '^right.xml: IJW XSD: level 1, ' said || fail "refused by the XSD: $(cat said)"
echo '## a line that the published ones have' >>xsd/JW320.xsd
"$binary" ijw validate --xsd xsd right.xml >said 2>&1
[ $? -eq 2 ] && grep -q 'JW320.xsd' said || fail "an XSD that cannot be built: $(cat said)"
exit $failed
