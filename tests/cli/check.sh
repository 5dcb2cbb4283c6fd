#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht check` answers on standard output, tells every mistake on standard error, and its status says which it was.
# Method: the project's configuration, and copies with a change.
# Usage: check.sh KETENWACHT CONFIG

ketenwacht=$1
config=$2
schemas=$(dirname "$config")/schemas
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
failed=0
export LC_ALL=C # English, whatever speaks where the tests run
# The project's configuration with a calendar that does not end soon, whatever the day of today.
cp -r "$config" "$work/config"
config=$work/config
sed -i "s/^years:.*/years: [$(seq -s ', ' 2011 2150)]/" "$config/calendar.yaml"

# row STATUS OUTPUT ERRORS ARGUMENTS…: both are patterns of the shell, of the whole stream.
row() {
        want_status=$1
        want_out=$2
        want_err=$3
        shift 3
        "$ketenwacht" check "$@" >"$work/out" 2>"$work/err"
        status=$?
        out=$(cat "$work/out")
        err=$(cat "$work/err")
        # shellcheck disable=SC2254 # the patterns are meant
        case $out in $want_out) ;; *)
                printf 'check %s\n  printed  %s\n  expected %s\n' "$*" "$out" "$want_out"
                failed=1
                ;;
        esac
        # shellcheck disable=SC2254
        case $err in $want_err) ;; *)
                printf 'check %s\n  said     %s\n  expected %s\n' "$*" "$err" "$want_err"
                failed=1
                ;;
        esac
        if [ "$status" -ne "$want_status" ]; then
                printf 'check %s: status %s, expected %s\n' "$*" "$status" "$want_status"
                failed=1
        fi
}

cp -r "$config" "$work/bad"
sed -i 's/starts: referral-issued.date/starts: referral-isued.date/' "$work/bad/protocols/groningen-gi-2022.yaml"
sed -i 's/kind: inspectorate/kind: inspector/' "$work/bad/organisations.yaml"

row 0 'version *: * event types, * organisations, * regions, * protocols, * norms, * routes, * assumed keys
*assumed: groningen-gi-2022 valid
*' '' --assumed --config "$config" --schemas "$schemas"
# One line when all is well.
case $("$ketenwacht" check --config "$config" --schemas "$schemas") in *"
"*) echo "check prints more than a line"; failed=1 ;; esac
row 0 '{"ok":true,"version":*,"event_types":*,"assumed":[[]{*{"protocol":"groningen-gi-2022","key":"valid"},*}' '' \
        --json --config "$config" --schemas "$schemas"
row 2 '' "$work/bad/organisations.yaml:*: no kind of organisation is called 'inspector' (did you mean 'inspectorate'?); it can be *
$work/bad/protocols/groningen-gi-2022.yaml:*:13: no event is called 'referral-isued' (did you mean 'referral-issued'?)*
ketenwacht check: * mistakes in $work/bad and $schemas; correct the lines above" --config "$work/bad" --schemas "$schemas"
row 2 '{"ok":false,"mistakes":*,"lines":[[]"*/organisations.yaml:*}' '*correct the lines above' --json --config "$work/bad" --schemas "$schemas"
# A type without a history is new: which of its fields were taken for what.
cp -r "$schemas" "$work/schemas"
rm -r "$work/schemas/history/meeting-held"
row 0 '*
new: meeting-held: own date date (by its name), never ahead*' '' --config "$config" --schemas "$work/schemas"
row 2 '' "*/none/calendar.yaml*" --config "$work/none" --schemas "$schemas"
# The console's file, alone and with the rest; what is secret need not be there.
row 0 "$config/console.yaml: console without mistakes" '' --config "$config" --schemas "$schemas" "$config/console.yaml"
cp -r "$config" "$work/console"
sed -i 's/roles: \[gegevens\]/roles: [gegeven]/' "$work/console/console.yaml"
row 2 '' "$work/console/console.yaml:*: no role is called 'gegeven' (did you mean 'gegevens'?)*" --config "$work/console" --schemas "$schemas"
row 2 '' "$work/console/console.yaml:*: geen rol heet 'gegeven' (bedoelde u 'gegevens'?)*" --lang nl --config "$config" --schemas "$schemas" \
        "$work/console/console.yaml"
row 2 '' "ketenwacht check: no option '--jsn' (did you mean '--json'?); see ketenwacht check --help" --jsn
row 2 '' "ketenwacht check: --coverage and --stories are two checks; *" --coverage --stories
row 2 '' "ketenwacht check: --print goes with --stories; *" --print

# A calendar that ends, or has ended.
cp -r "$config" "$work/ends"
printf 'equated: []\nyears: [%s]\n' "$(seq -s ', ' 2011 "$(date +%Y)")" >"$work/ends/calendar.yaml"
next=$(($(date +%Y) + 1))
row 1 "version *
warning: $work/ends/calendar.yaml: the calendar knows no working days from $next-01-01 on, *; add the year $next and its equated days" '' \
        --strict --config "$work/ends" --schemas "$schemas"

# Contacts: those of the project are complete; without one of them there is a warning, and with --strict a no.
cp -r "$config" "$work/contact"
sed -i '/id: gm1979,/,/^  - {id: gm0014/s/function: local-team/function: lokaal-team/' "$work/contact/organisations.yaml"
row 0 '*' '' --strict --config "$config" --schemas "$schemas"
row 0 "version *
warning: $work/contact/organisations.yaml:*:5: gm1979 (Eemsdelta) names no contact 'local-team', which region groningen asks for" '' \
        --config "$work/contact" --schemas "$schemas"
cp -r "$work/contact" "$work/deputy"
row 1 '{"ok":false,*,"warnings":[[]"*gm1979*"[]]}' '' --strict --json --config "$work/contact" --schemas "$schemas"
sed -i '/id: gm1979,/,/^  - {id: gm0014/s/for: gi/for: gy/' "$work/contact/organisations.yaml"
row 2 '' "$work/contact/organisations.yaml:*: no organisation, region or kind of organisation is called 'gy' (did you mean 'gi'?)
*" --config "$work/contact" --schemas "$schemas"

# What a protocol may say and hardly means: a warning that says what will happen.
mkdir -p "$work/advice/protocols"
cp "$config/calendar.yaml" "$config/version" "$work/advice/"
printf '%s\n' 'organisations:' '  - {id: gm0001, kind: municipality, name: Een, region: r}' '  - {id: gm0002, kind: municipality, name: Twee, region: s}' \
        '  - {id: gi-een, kind: gi, name: GI}' '  - {id: operators, kind: operators, name: Beheer}' 'regions:' '  - {id: r, name: R, roles: {gi: gi-een}}' \
        '  - {id: s, name: S}' >"$work/advice/organisations.yaml"
# advised WARNING LINE…: of a protocol of these lines, as of the norm n.
advised() {
        want=$1
        shift
        {
                printf '\357\273\277protocol: p\nregion: r\nvalid: {from: 2020-01-01}\n' # as some editors save it
                printf '%s\n' "$@"
        } >"$work/advice/protocols/p.yaml"
        row 1 "version *
warning: $work/advice/protocols/p.yaml: $want" '' --strict --config "$work/advice" --schemas "$schemas"
}
NORM='norms: [{norm: n, basis: {kind: agreement, ref: x}'
CHILD="$NORM, starts: safety-raised, met_by: [local-team-involved]"
advised "norm 'n': rung 3 comes before rung 2; *" "$CHILD, term: 5 working days, escalate: [{after: 0 days, to: [gi]}, {after: 5 working days, to: [gi]}," \
        '  {after: 2 working days, to: [gi]}]}]'
advised "norm 'n': rung 2 comes before rung 1; *" "$CHILD, term: 5 days, escalate: [{after: 1 month, to: [gi]}, {after: 3 weeks, to: [gi]}]}]"
advised "norm 'n': rung 1 comes at the midnight after *" "$CHILD, term: 24 hours, escalate: [{after: 0 days, to: [gi]}, {after: 1 hour, to: [gi]}]}]"
advised "norm 'n': reminder 1 comes before the term begins, *" "$CHILD, term: 5 working days, remind: [{before: 2 weeks, to: [gi]}]}]"
advised "norm 'n': roll: legal moves terms that a law sets *" "$CHILD, term: 6 weeks, roll: legal}]"
advised "norm 'n': a region has no GI of its own, so what is for 'gi' goes to operators; write 'gis' for every GI of the region, *" \
        "$NORM, starts: protocol, due: 2021-01-01, met_by: [meeting-held], escalate: [{after: 0 days, to: [gi]}]}]"
advised "norm 'n': region 'r' hears nothing of it before its own first event; give it alive: true *" \
        "$NORM, starts: protocol, due: 2021-01-01, met_by: [meeting-held], escalate: [{after: 0 days, to: [operators]}]}]"
sed -i 's/{id: r,/{id: r, alive: false,/' "$work/advice/organisations.yaml"
row 0 "version *" '' --strict --config "$work/advice" --schemas "$schemas"
sed -i 's/{id: r, alive: false,/{id: r, alive: perhaps,/' "$work/advice/organisations.yaml"
row 2 '' "*/organisations.yaml:*:*: alive must be true or false, not 'perhaps'
*" --config "$work/advice" --schemas "$schemas"
sed -i 's/{id: r, alive: perhaps,/{id: r, alive: false,/; s/{id: s,/{id: s, alive: false,/' "$work/advice/organisations.yaml"
{
        printf 'protocol: p\nregion: [r, s]\nvalid: {from: 2020-01-01}\n'
        printf '%s\n' "$NORM, starts: protocol, due: 2021-01-01, met_by: [meeting-held], escalate: [{after: 0 days, to: [gis]}]}]"
} >"$work/advice/protocols/p.yaml"
row 1 "version *
warning: $work/advice/protocols/p.yaml: norm 'n': region 's' lists no GI (roles: {gi: …}), so what is for 'gis' goes to operators there" '' \
        --strict --config "$work/advice" --schemas "$schemas"
advised "no municipality of its region is a partner, *" 'partners: [{organisation: gm0002}, {organisation: gi-een}]' "$CHILD, term: 5 days}]"

# Protocols from practice, as they came: each in a configuration of its own.
cases=$(dirname "$0")/../stories/cases
practice() { # FILE PROTOCOL STATUS WARNING
        rm -rf "$work/practice"
        mkdir -p "$work/practice/protocols"
        cp "$config/calendar.yaml" "$config/version" "$cases/config/organisations.yaml" "$work/practice/"
        cp "$cases/check/$1" "$work/practice/protocols/$2.yaml"
        row "$3" "version *, 1 protocols, 1 norms, *$4" '' --strict --config "$work/practice" --schemas "$schemas"
}
practice lad.yaml lad 1 "
warning: $work/practice/protocols/lad.yaml: norm 'prot': rung 3 comes before rung 2; *"
practice dst.yaml dst 1 "
warning: $work/practice/protocols/dst.yaml: norm 'within-day': rung 1 comes at the midnight after the due instant, not at it; *"
practice bom-protocol.yaml p 0 'assumed keys'

# Coverage: every rule has a row; without one it is a no, a wrong name is a mistake.
cp -r "$config" "$work/coverage"
row 0 'R01  norms: inspectie-normen-2020/protector-assigned, *
G04  no rule: *
61 rules, 0 without a row that says anything; * that no rule names' '' --coverage --config "$config" --schemas "$schemas"
row 0 '{"ok":true,"rules":[[]{"id":"R01","norms":[[]"*,"empty":[[]],"unnamed_norms":[[]*]}' '' \
        --coverage --json --config "$config" --schemas "$schemas"
sed -i 's/^R33: .*/R33: {}/; /^G28/d' "$work/coverage/coverage.yaml"
row 1 '*
R33  nothing: name what guards this rule, or say with no_rule why it is none
*61 rules, 2 without a row that says anything; *' '' --coverage --config "$work/coverage" --schemas "$schemas"
row 1 '{"ok":false,*"empty":[[]"R33","G28"[]]*' '' --coverage --json --config "$work/coverage" --schemas "$schemas"
cp -r "$work/coverage" "$work/empty"
sed -i 's/^R02: .*/R02: {reports: [norm]}/' "$work/coverage/coverage.yaml"
row 2 '' "$work/coverage/coverage.yaml:*:17: no report is called 'norm' (did you mean 'norms'?); it can be norms, obstructions, *
ketenwacht check: 1 mistake in $work/coverage/coverage.yaml; correct the lines above" --coverage --config "$work/coverage" --schemas "$schemas"

# Stories: those of the project pass; one that expects something else fails, with its place; one that cannot be read is a mistake.
story=$work/groningen-gi-2022.stories.yaml
cat >"$story" <<'END'
protocol: groningen-gi-2022
defaults: {gi: gi-jbn, municipality: gm0014}
stories:
  - story: Bepaling niet beantwoord
    norm: referral-answered
    given:
      - 2022-10-03 measure-started
      - 2022-10-10 referral-issued
    clock: 2022-10-17
    expect:
      - 2022-10-10 announcement: {due: 2022-10-17, to: gm0014}
      - 2022-10-14 reminder: {to: gm0014}
END
row 1 "$story:12:9: story 'Bepaling niet beantwoord': expected 2022-10-14 reminder: {to: gm0014}; told instead 2022-10-13 reminder: {to: gm0014}
warning: *: norm 'referral-answered' tells and has 1 story; it wants 3: met, missed, the exception
*
1 story, 1 failed; * norms tell, * of them in fewer than 3 stories" '' --stories "$story" --config "$config" --schemas "$schemas"
row 1 '{"ok":false,"stories":1,"failed":1,"lines":[[]"*:12:9: story *"],"telling_norms":*,"few":[[]{"protocol":"groningen-gi-2022",*}' '' \
        --stories --json "$story" --config "$config" --schemas "$schemas"
cp "$story" "$work/told.yaml"
sed -i 's/2022-10-14 reminder/2022-10-13 reminder/' "$story"
row 0 '*1 story, 0 failed; *' '' --stories "$story" --config "$config" --schemas "$schemas"
row 1 '*1 story, 0 failed; *' '' --stories --strict "$story" --config "$config" --schemas "$schemas"
row 0 '1 story, 0 failed' '' --stories --strict --story niet "$story" --config "$config" --schemas "$schemas"
row 0 '0 stories, 0 failed' '' --stories --story geen "$story" --config "$config" --schemas "$schemas"
row 0 '{"event":"measure-started","event_id":"*
{"event":"referral-issued",*
{"clock":"2022-10-17T12:00:00+02:00"}' '' --stories --print "$story" --config "$config" --schemas "$schemas"
sed -i 's/referral-issued/referral-isued/' "$story"
row 2 '' "$story:8:9: no event is called 'referral-isued' (did you mean 'referral-issued'?)
ketenwacht check: 1 mistake in the stories; correct the lines above" --stories "$story" --config "$config" --schemas "$schemas"
row 2 '{"ok":false,"mistakes":1,"lines":[[]"*:8:9: *"[]]}' '*' --stories --json "$story" --config "$config" --schemas "$schemas"
row 2 '' "*$work/none.yaml*" --stories "$work/none.yaml" --config "$config" --schemas "$schemas"
row 0 'Usage: ketenwacht check *' '' --help

# In Dutch: when it is asked for, and when the locale is Dutch; of LC_ALL, LC_MESSAGES and LANG the first that is set. Keys stay as they are written.
row 0 'versie *: * soorten gebeurtenissen, * organisaties, * regio?s, * protocollen, * normen, * routes, * sleutels naar eigen keuze
eigen keuze: * valid
*' '' --lang nl --assumed --config "$config" --schemas "$schemas"
row 2 '' "ketenwacht check: --lang is nl or en, not 'fr'; *" --lang fr
# spoken LANGUAGE VARIABLE=VALUE…: which language the environment asks for.
spoken() {
        want=$1
        shift
        case $(env -u LC_ALL -u LC_MESSAGES -u LANG "$@" "$ketenwacht" check --config "$config" --schemas "$schemas") in
        "versie "*) language=nl ;;
        "version "*) language=en ;;
        *) language=none ;;
        esac
        [ $language = "$want" ] || { echo "check with $*: speaks $language, expected $want"; failed=1; }
}
spoken en
spoken nl LANG=nl_NL.UTF-8
spoken nl LANG=en_US.UTF-8 LC_MESSAGES=nl_BE
spoken en LANG=nl_NL.UTF-8 LC_MESSAGES=C
spoken en LC_ALL=de_DE.UTF-8 LC_MESSAGES=nl_NL LANG=nl_NL
spoken nl LC_ALL=nl LC_MESSAGES=en_GB LANG=C
spoken nl LC_ALL= LC_MESSAGES= LANG=nl_NL.UTF-8
row 2 '' "$work/none/calendar.yaml kan niet worden gelezen: het bestaat niet; er is geen map $work/none
*ketenwacht check: * vergissing* in $work/none en $schemas; verbeter de regels hierboven" --lang nl --config "$work/none" --schemas "$schemas"
row 1 "versie *
let op: $work/ends/calendar.yaml: de kalender kent geen werkdagen vanaf $next-01-01, *; voeg het jaar $next toe met zijn gelijkgestelde dagen" '' \
        --lang nl --strict --config "$work/ends" --schemas "$schemas"
row 1 'R01  norms: *
R33  niets: noem wat deze regel bewaakt, of zeg met no_rule waarom het er geen is
*61 regels, 2 zonder een rij die iets zegt; * bij geen regel genoemd' '' --lang nl --coverage --config "$work/empty" --schemas "$schemas"

# said SENTENCE LINE…: what is said in Dutch of a calendar of these lines.
said() {
        want=$1
        shift
        cp -r "$work/advice" "$work/said"
        printf '%s\n' "$@" >"$work/said/calendar.yaml"
        row 2 '' "$work/said/calendar.yaml:*: $want
*; verbeter de regels hierboven" --lang nl --config "$work/said" --schemas "$schemas"
        rm -r "$work/said"
}
said "hier staat een tab; spring in met spaties" 'years:' "$(printf '\t- 2022')"
said "deze regel springt niet even ver in als de regels waar hij bij hoort" 'equated: []' '  years: [2022]'
said "er staat een dubbele punt in een tekst; zet de tekst tussen aanhalingstekens" 'years: let op: 2022'
said "de { van regel 1 is niet met } gesloten voor deze plaats, of er ontbreekt een komma" 'years: {from: 2022' 'equated: []'
said "het aanhalingsteken van regel 2 is niet met een tweede gesloten voor deze plaats" 'equated: []' 'years: "2022'
said "dit is geen YAML (*)" '%YAML 9' '---' 'years: []'
said "de sleutel 'years' staat hier voor de tweede keer (eerst in regel 1)" 'years: [2022]' 'years: [2023]' 'equated: []'
said "de kalender kent geen sleutel 'jears' (bedoelde u 'years'?)" 'jears: [2022]' 'years: [2022]' 'equated: []'
said "de kalender mist de sleutel 'equated'" 'years: [2022]'
said "years moet een lijst zijn, niet één waarde" 'years: 2022' 'equated: []'
said "een jaar moet een getal van 1900 tot en met 2200 zijn, niet 'tweeduizend'" 'years: [tweeduizend]' 'equated: []'
said "een gelijkgestelde dag '2022-13-01' is geen datum: JJJJ-MM-DD, *" 'years: [2022]' 'equated: [2022-13-01]'
said "2022-12-25 is al geen werkdag (*); *" 'years: [2022]' 'equated: [2022-12-25]'

# One file: as if it stood in its configuration, and nothing said of any other.
mkdir -p "$work/mijn"
one() { # one STATUS OUTPUT ERRORS FILE ARGUMENTS…
        want_one=$1 out_one=$2 err_one=$3
        shift 3
        row "$want_one" "$out_one" "$err_one" "$@" --config "$config" --schemas "$schemas"
}
TALK="norms: [{norm: first-talk, basis: {kind: agreement, ref: x}, starts: measure-started.informed_date, met_by: [first-contact-held], announce: [gi]"
printf 'protocol: proef\nregion: groningen\nvalid: {from: 2026-01-01}\n%s, term: 6 weeks, roll: legal, assumed: [announce, term]}]\n' "$TALK" \
        >"$work/mijn/proef.yaml"
one 0 "$work/mijn/proef.yaml: protocol proef, 1 norms, 0 routes, 2 assumed keys
assumed: proef first-talk.announce
assumed: proef first-talk.term
warning: $work/mijn/proef.yaml: norm 'first-talk': roll: legal *" '' "$work/mijn/proef.yaml"
one 1 '{"ok":false,"file":"*proef.yaml","kind":"protocol","norms":1,"routes":0,"assumed":[[]"first-talk.announce",*],"warnings":[[]"*roll: legal*"]}' '' \
        --strict --json "$work/mijn/proef.yaml"
# A word that is wrong, and a norm that another protocol of the configuration has already: told of this file, not of that one.
printf 'protocol: dubbel\nregion: groningen\nvalid: {from: 2026-01-01}\n%s, term: 5 dagen}]\n' "$(echo "$TALK" | sed 's/first-talk/protector-assigned/')" \
        >"$work/mijn/dubbel.yaml"
one 2 '' "$work/mijn/dubbel.yaml:4:*: 'dagen' is no unit of time (did you mean 'days'?); *
$work/mijn/dubbel.yaml:4:*: norm 'protector-assigned' stands also in *
ketenwacht check: 2 mistakes in $work/mijn/dubbel.yaml; *" "$work/mijn/dubbel.yaml"
# In the place of the one of its name, by whatever name the folder is given.
sed 's/id: ijmond,/id: ijmont,/' "$config/organisations.yaml" >"$work/mijn/organisations.yaml"
one 2 '' "$work/mijn/organisations.yaml:*: region: no region 'ijmond' (did you mean 'ijmont'?)*
ketenwacht check: * in $work/mijn/organisations.yaml; *" "$work/mijn/organisations.yaml"
one 0 "$config/protocols/groningen-gi-2022.yaml: protocol groningen-gi-2022, *
assumed: groningen-gi-2022 *" '' "$config/protocols/groningen-gi-2022.yaml"
one 0 "$config/calendar.yaml: calendar without mistakes" '' "$config/calendar.yaml"
printf 'equated: []\nyears: [2022]\nyear: 2023\n' >"$work/mijn/dagen.yaml" # known by its keys
one 2 '' "$work/mijn/dagen.yaml:3:1: the calendar has no key 'year' (did you mean 'years'?)
ketenwacht check: 1 mistake in $work/mijn/dagen.yaml; *" "$work/mijn/dagen.yaml"
one 0 "$config/connectors/gi-http.yaml: connector without mistakes" '' "$config/connectors/gi-http.yaml" # without a token in the environment
sed 's/^listen:/lisen:/' "$config/connectors/gi-http.yaml" >"$work/mijn/http.yaml"
one 2 '' "$work/mijn/http.yaml:*'lisen' (did you mean 'listen'?)
*" "$work/mijn/http.yaml"
one 0 "$config/version: version *" '' "$config/version"
one 0 '*
61 rules, *' '' "$config/coverage.yaml"
one 0 '* stories, 0 failed; *' '' "$config/protocols/groningen-gi-2022.stories.yaml"
# Nothing that is known, nothing that is there, and a neighbour that keeps it from being judged.
printf 'protocl: x\n' >"$work/mijn/niets.yaml"
one 2 '' "ketenwacht check: $work/mijn/niets.yaml is nothing that check knows (did you mean 'protocol'?): *" "$work/mijn/niets.yaml"
one 2 '' "ketenwacht check: cannot read $work/mijn/none.yaml: it does not exist (did you mean 'proef.yaml'?)" "$work/mijn/none.yaml"
one 2 '' "ketenwacht check: $schemas/meeting-held.avsc is a schema; *" "$schemas/meeting-held.avsc"
one 2 '' 'ketenwacht check: one FILE at a time, not 2; *' x y
one 2 '' "ketenwacht check: --coverage takes no file 'x'; *" --coverage x
row 2 '' "ketenwacht check: $work/mijn/proef.yaml has no mistake of its own, but $work/bad with it has *, so not all of it can be judged; *" \
        "$work/mijn/proef.yaml" --config "$work/bad" --schemas "$schemas"
one 0 "$config/calendar.yaml: kalender zonder vergissingen" '' --lang nl "$config/calendar.yaml"
one 2 '' "$work/mijn/http.yaml:*: deze connector kent geen sleutel 'lisen' (bedoelde u 'listen'?)
*" --lang nl "$work/mijn/http.yaml"
printf 'connector: gi-http\nlisten: 127.0.0.1:8080\nname: leeg\n' >"$work/mijn/leeg.yaml"
one 2 '' "$work/mijn/leeg.yaml:*: '*' ontbreekt: ketenwacht connect --help NAAM legt uit wat hier hoort
*" --lang nl "$work/mijn/leeg.yaml"
printf 'bootstrap: localhost\nkafka: {acks: 1}\n' >"$work/mijn/broker.yaml"
one 2 '' "$work/mijn/broker.yaml:1:12: bootstrap: 'localhost' is geen adres; schrijf HOST:POORT, met komma's tussen meer adressen
$work/mijn/broker.yaml:2:9: 'acks' mag hier niet staan: ketenwacht bepaalt dit zelf (beslist of iets precies één keer gebeurt)
*" --lang nl "$work/mijn/broker.yaml"
one 0 "$work/mijn/proef.yaml: protocol proef, 1 normen, 0 routes, 2 sleutels naar eigen keuze
eigen keuze: proef first-talk.announce
*" '' --lang nl "$work/mijn/proef.yaml"

# In Dutch of protocols, organisations, schemas, contacts and coverage: mistakes and what can hardly be meant.
# changed FILE SED SENTENCE: what is said when a file of the configuration is changed so.
changed() {
        cp -r "$config" "$work/changed"
        sed -i "$2" "$work/changed/$1"
        row 2 '' "*$work/changed/$1:* $3
*; verbeter de regels hierboven" --lang nl --config "$work/changed" --schemas "$schemas"
        rm -r "$work/changed"
}
protocol=protocols/groningen-gi-2022.yaml
changed "$protocol" 's/starts: referral-issued.date/starts: referral-isued.date/' \
        "geen gebeurtenis heet 'referral-isued' (bedoelde u 'referral-issued'?)"
changed "$protocol" 's/term: 5 working days/term: 5 workin days/' \
        "'workin days' is geen eenheid van tijd (bedoelde u 'working days'?); hier hoort days, weeks, months, years, working days of hours"
changed "$protocol" 's/^    met_by: .referral-answered.$/    met_bij: [referral-answered]/' "een norm kent geen sleutel 'met_bij' (bedoelde u 'met_by'?)"
changed "$protocol" 's/{after: 0 days, to: .municipality, gi.}/{na: 0 days, to: [gi]}/' "een trede mist de sleutel 'after'"
changed "$protocol" 's/to: .municipality, gi./to: [gementee]/' "niemand kan de rol 'gementee' hebben*; het kan zijn gi, gis, municipality, *"
changed "$protocol" 's/^region: groningen/region: groning/' "geen regio heet 'groning' (bedoelde u 'groningen'?); het kan zijn *"
changed organisations.yaml 's/kind: inspectorate/kind: inspector/' "geen soort organisatie heet 'inspector' (bedoelde u 'inspectorate'?); het kan zijn *"
changed version 's/.*/een/' "hier hoort één getal vanaf 1 te staan, *"
dutch_advised() {
        want=$1
        shift
        printf '%s\n' 'protocol: p' 'region: r' 'valid: {from: 2020-01-01}' "$@" >"$work/advice/protocols/p.yaml"
        row 1 "versie *
let op: $work/advice/protocols/p.yaml: $want" '' --lang nl --strict --config "$work/advice" --schemas "$schemas"
}
dutch_advised "norm 'n': herinnering 1 komt voordat de termijn begint, *" "$CHILD, term: 5 working days, remind: [{before: 2 weeks, to: [gi]}]}]"
dutch_advised "norm 'n': trede 2 komt voor trede 1; *" "$CHILD, term: 5 days, escalate: [{after: 1 month, to: [gi]}, {after: 3 weeks, to: [gi]}]}]"
cp -r "$schemas" "$work/wrong"
sed -i 's/"ketenwacht.personal"/"ketenwacht.persoonlijk"/' "$work/wrong/measure-started.avsc"
row 2 '' "*$work/wrong/measure-started.avsc: *: geen eigenschap heet 'ketenwacht.persoonlijk'*" --lang nl --config "$config" --schemas "$work/wrong"
# schema SENTENCE SED: what is said when a schema is changed so.
schema() {
        cp "$schemas/measure-started.avsc" "$work/wrong/measure-started.avsc"
        sed -i "$2" "$work/wrong/measure-started.avsc"
        row 2 '' "*$work/wrong/measure-started.avsc:* $1
*" --lang nl --config "$config" --schemas "$work/wrong"
}
schema "veld 'reference': type 2 van de union: hier is geen type 'strng' bekend (bedoelde u 'string'?)" '/"reference"/s/"string"/"strng"/'
schema "veld 'birth_date': een union kan hier alleen uit null en één ander type bestaan" '/"birth_date"/s/\["null", /["null", "string", /'
schema "dit is geen JSON (*)" '1s/{/{{/'
schema "het record van measure-started moet nl.ketenwacht.event.MeasureStarted heten, niet nl.ketenwacht.gebeurtenis.MeasureStarted" \
        '/"namespace"/s/event/gebeurtenis/'
schema "reference: Avro kent geen 'defualt' (bedoelde u 'default'?), en zou het overslaan" '/"reference"/s/"default"/"defualt"/'
schema "gi: 'ketenwacht.personal' staat bij het type, waar niemand kijkt: zet het naast de naam" \
        '/"name": "gi"/s/"type": "string"/"type": {"type": "string", "ketenwacht.personal": true}/'
# lost SENTENCE SED [LANGUAGE]: what is said of a default that was published, in the schema changed so.
lost() {
        sed "$2" "$schemas/measure-started.avsc" >"$work/wrong/measure-started.avsc"
        row 2 '' "$work/wrong/history/measure-started/1.avsc: $1
*1 *" --lang "${3-nl}" --config "$config" --schemas "$work/wrong"
}
without='/"reference"/s/"default": null, //'
turned='/"reference"/s/\["null", "string"\], "default": null/["string", "null"], "default": ""/'
lost 'reference is gepubliceerd met de default null en heeft er nu geen: zonder kan het veld nooit meer vervallen' "$without"
lost 'reference was published with the default null and has none now: without it the field could never be dropped' "$without" en
lost 'reference is gepubliceerd met de default null en heeft nu "": dat verandert wat is gezegd door wie het veld niet schreef' "$turned"
lost 'reference was published with the default null and has "" now: that would change what was said by who wrote without the field' "$turned" en
cp "$schemas/measure-started.avsc" "$work/wrong/"
sed '/OTHER/s/, "default": "OTHER"//' "$schemas/measure-ended.avsc" >"$work/wrong/measure-ended.avsc"
row 2 '' "$work/wrong/history/measure-ended/1.avsc: de enum van reason is gepubliceerd met de default OTHER en heeft er nu geen: zonder kan er nooit een *" \
        --lang nl --config "$config" --schemas "$work/wrong"
row 2 '' "$work/wrong/history/measure-ended/1.avsc: the enum of reason was published with the default OTHER and has none now: without it it could *" \
        --lang en --config "$config" --schemas "$work/wrong"
# A published type that is gone, and a version.
rm "$work/wrong/measure-ended.avsc"
row 2 '' "*$work/wrong/history/measure-ended: dit zijn gepubliceerde versies, en measure-ended.avsc ontbreekt: *" \
        --lang nl --config "$config" --schemas "$work/wrong"
row 2 '' "*$work/wrong/history/measure-ended: these are published versions, and measure-ended.avsc is missing: *" \
        --lang en --config "$config" --schemas "$work/wrong"
mv "$work/wrong/history/measure-ended/1.avsc" "$work/wrong/history/measure-ended/2.avsc"
cp "$schemas/measure-ended.avsc" "$work/wrong/"
row 2 '' "$work/wrong/history/measure-ended: 1.avsc ontbreekt vóór 2.avsc: versies worden vanaf 1 genummerd, en ze blijven alle staan
*" --lang nl --config "$config" --schemas "$work/wrong"
row 2 '' "$work/wrong/history/measure-ended: 1.avsc is missing before 2.avsc: versions are numbered from 1, and all of them stay
*" --lang en --config "$config" --schemas "$work/wrong"
mv "$work/wrong/history/measure-ended/2.avsc" "$work/wrong/history/measure-ended/1.avsc"
sed '/"reference"/s/"string"/"int"/' "$schemas/measure-started.avsc" >"$work/wrong/measure-started.avsc"
row 2 '' "*$work/wrong/history/measure-started/*.avsc: measure-started.avsc past niet bij deze gepubliceerde versie: *veld 'reference'*" \
        --lang nl --config "$config" --schemas "$work/wrong"
row 1 "versie *
let op: *: gm1979 (Eemsdelta) noemt geen contact 'local-team', dat regio groningen vraagt" '' \
        --lang nl --strict --config "$work/deputy" --schemas "$schemas"
row 0 'versie *
nieuw: meeting-held: eigen datum date (door de naam), nooit in de toekomst*' '' --lang nl --config "$config" --schemas "$work/schemas"
# Stories: what cannot be read, what would be refused as a line or by its case, and what was told otherwise. story, told and line as they stand above.
# told STATUS SENTENCE SED: of the story with this change.
told() {
        cp "$work/told.yaml" "$story"
        sed -i "$3" "$story"
        out=$("$ketenwacht" check --lang nl --stories "$story" --config "$config" --schemas "$schemas" 2>&1)
        status=$?
        # shellcheck disable=SC2254
        case $status:$out in $1:"$story:"$2*) ;; *)
                printf 'check --lang nl --stories with %s\n  said     %s:%s\n  expected %s:%s\n' "$3" "$status" "$out" "$1" "$2"
                failed=1
                ;;
        esac
}
told 1 "*:9: verhaal 'Bepaling niet beantwoord': verwacht 2022-10-14 reminder: {to: gm0014}; in plaats daarvan verteld 2022-10-13 reminder: {to: gm0014}
let op: *: norm 'referral-answered' vertelt iets en heeft 1 verhaal; dat moeten er 3 zijn: op tijd, te laat, de uitzondering
*
1 verhaal, 1 mislukt; * normen vertellen iets, * daarvan in minder dan 3 verhalen" ''
told 1 "*: verteld en niet verwacht: 2022-10-10 announcement: *" '/announcement/d'
told 1 "*: verwacht 2022-10-19 alert: *; niets van die aard is verteld: *" 's/2022-10-14 reminder: .*/2022-10-19 alert: {rung: 2, to: gi-jbn}/'
told 1 "*: deze gebeurtenis wordt geweigerd (NOT_ALLOWED): deze melder kan niet *" \
        's/- 2022-10-10 referral-issued/- 2022-10-10 referral-issued: {id: a}\n      - 2022-10-11 event-withdrawn: {withdrawn: a, source: gm0014}/'
told 2 "8:9: geen gebeurtenis heet 'referral-isued' (bedoelde u 'referral-issued'?)
ketenwacht check: 1 vergissing in de verhalen; verbeter de regels hierboven" 's/referral-issued/referral-isued/'
told 2 "9:12: de klok staat stil voor de laatste gebeurtenis van given" 's/clock: .*/clock: 2022-10-01/'
told 2 "11:9: niets wat wordt verteld heet 'aankondiging'*: copy, announcement, reminder, alert of resolved" 's/10 announcement/10 aankondiging/'
told 2 "6:5: een verhaal kent geen sleutel 'wordt'*" 's/norm: .*/&\n    wordt: 1/'
told 2 "*: referral-issued: date: *" 's/referral-issued/referral-issued: {date: gisteren}/'
sed -i 's/^R02: .*/R02: {reports: [norm]}/' "$work/empty/coverage.yaml"
row 2 '' "$work/empty/coverage.yaml:*:17: geen overzicht heet 'norm' (bedoelde u 'norms'?); het kan zijn norms, obstructions, *
ketenwacht check: 1 vergissing in $work/empty/coverage.yaml; verbeter de regels hierboven" --lang nl --coverage --config "$work/empty" --schemas "$schemas"
exit $failed
