#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a term of six weeks as a zaaktypecatalogus writes it (P6W) is a duration in a DMN rule, or is refused.
# Instead: Drools takes it. Camunda's feel-engine and feelin, for which only years and months or days and hours are durations, make it null: the sum
#          is null, "is it over?" is not true, and there is no error, only a warning for who asks for those. P42D works in all three.
# Hurts:   who moves a decision table from one engine to another: the deadline is gone, and a rule that asks whether it has passed never fires.

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
date("2026-03-02") + duration("P6W")
date("2026-03-02") + duration("P42D")
if date("2026-06-01") > date("2026-03-02") + duration("P6W") then "over" else "running"
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
camunda date("2026-03-02") + duration("P6W"): null
camunda date("2026-03-02") + duration("P42D"): 2026-04-13
camunda if date("2026-06-01") > date("2026-03-02") + duration("P6W") then "over" else "running": running
drools date("2026-03-02") + duration("P6W"): 2026-04-13
drools date("2026-03-02") + duration("P42D"): 2026-04-13
drools if date("2026-06-01") > date("2026-03-02") + duration("P6W") then "over" else "running": over
feelin date("2026-03-02") + duration("P6W"): null
feelin date("2026-03-02") + duration("P42D"): 2026-04-13
feelin if date("2026-06-01") > date("2026-03-02") + duration("P6W") then "over" else "running": running
END
find . -name 'feel-engine-*.jar' -o -name 'kie-dmn-feel-*.jar' | xargs -n1 basename
npm ls 2>/dev/null | grep -o 'feelin@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
