#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a DMN rule that adds a day to an instant with a zone gives the same time of day on the next date, and one that adds 24 hours gives
#          24 hours later, in every engine.
# Instead: over the night in which the clock changes no engine makes that difference, and they take opposite sides: for Camunda's feel-engine and
#          for Drools both are 24 hours (noon becomes one o'clock), for feelin both are the same time of day (23 hours).
# Hurts:   who writes a term in DMN and has it drawn by one engine and decided by another: twice a year they differ by an hour, and with
#          a start near midnight by a day. Terms of days are counted on dates, without a time.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
npm i --silent --no-audit --no-fund feelin@8.2.0 >install.log 2>&1 || { tail -3 install.log; exit 2; }
library() { # FOLDER GROUP ARTIFACT VERSION: with all that it needs, in FOLDER/lib
        mkdir "$1" && cat >"$1/pom.xml" <<END && (cd "$1" && mvn -q dependency:copy-dependencies -DoutputDirectory=lib) >install.log 2>&1
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>f</groupId><artifactId>f</artifactId>
<version>1</version><dependencies><dependency><groupId>$2</groupId><artifactId>$3</artifactId><version>$4</version></dependency></dependencies></project>
END
}
library camunda org.camunda.feel feel-engine 1.21.0 && library drools org.kie kie-dmn-feel 10.2.0 || { tail -3 install.log; exit 2; }

cat >rules.txt <<'END'
date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("P1D")
date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("PT24H")
date and time("2026-03-28T23:30:00@Europe/Amsterdam") + duration("P1D")
date and time("2026-05-28T12:00:00@Europe/Amsterdam") + duration("P1D")
END
cat >camunda/Feel.java <<'END'
import java.nio.file.*;
import java.util.*;
public class Feel {
        public static void main(String[] arguments) throws Exception {
                var engine = org.camunda.feel.api.FeelEngineBuilder.forJava().build();
                for (String rule : Files.readAllLines(Path.of("rules.txt")))
                        System.out.println("camunda " + rule + ": " + engine.evaluateExpression(rule, (Map) new HashMap()).result());
        }
}
END
cat >drools/Feel.java <<'END'
import java.nio.file.*;
public class Feel {
        public static void main(String[] arguments) throws Exception {
                var engine = org.kie.dmn.feel.lang.impl.FEELBuilder.builder().build();
                for (String rule : Files.readAllLines(Path.of("rules.txt"))) System.out.println("drools " + rule + ": " + engine.evaluate(rule));
        }
}
END
cat >feel.mjs <<'END'
import fs from 'node:fs'
import { evaluate } from 'feelin'
for (const rule of fs.readFileSync('rules.txt', 'utf8').trim().split('\n')) {
        const { value } = evaluate(rule, {})
        console.log(`feelin ${rule}: ${value?.toISO?.() ?? value}`)
}
END
for one in camunda drools; do java -cp "$one/lib/*" "$one/Feel.java" 2>/dev/null; done >seen
node feel.mjs >>seen 2>/dev/null
cat >expected <<'END'
camunda date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("P1D"): 2026-03-29T13:00+02:00[Europe/Amsterdam]
camunda date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("PT24H"): 2026-03-29T13:00+02:00[Europe/Amsterdam]
camunda date and time("2026-03-28T23:30:00@Europe/Amsterdam") + duration("P1D"): 2026-03-30T00:30+02:00[Europe/Amsterdam]
camunda date and time("2026-05-28T12:00:00@Europe/Amsterdam") + duration("P1D"): 2026-05-29T12:00+02:00[Europe/Amsterdam]
drools date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("P1D"): 2026-03-29T13:00+02:00[Europe/Amsterdam]
drools date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("PT24H"): 2026-03-29T13:00+02:00[Europe/Amsterdam]
drools date and time("2026-03-28T23:30:00@Europe/Amsterdam") + duration("P1D"): 2026-03-30T00:30+02:00[Europe/Amsterdam]
drools date and time("2026-05-28T12:00:00@Europe/Amsterdam") + duration("P1D"): 2026-05-29T12:00+02:00[Europe/Amsterdam]
feelin date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("P1D"): 2026-03-29T12:00:00@Europe/Amsterdam
feelin date and time("2026-03-28T12:00:00@Europe/Amsterdam") + duration("PT24H"): 2026-03-29T12:00:00@Europe/Amsterdam
feelin date and time("2026-03-28T23:30:00@Europe/Amsterdam") + duration("P1D"): 2026-03-29T23:30:00@Europe/Amsterdam
feelin date and time("2026-05-28T12:00:00@Europe/Amsterdam") + duration("P1D"): 2026-05-29T12:00:00@Europe/Amsterdam
END
find . -name 'feel-engine-*.jar' -o -name 'kie-dmn-feel-*.jar' | xargs -n1 basename
npm ls 2>/dev/null | grep -o 'feelin@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
