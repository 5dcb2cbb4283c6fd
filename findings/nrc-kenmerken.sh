#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   the kenmerken of a ZGW notification are data (a map of names to values), so a receiver built with notifications-api-common sees the
#          names that were sent.
# Instead: its serializer stands behind the parser of djangorestframework-camel-case, which renames the keys inside the map as well: normCode
#          arrives as norm_code, trede1 as trede_1, Regio as _regio. Nothing is refused. Names of lower-case letters alone arrive as sent.
# Hurts:   who matches kenmerken of notifications (ketenwacht's or another's) by name in a Django zaaksysteem: the filter never fires. Choose
#          names of lower-case letters only.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install notifications-api-common==0.13.1 djangorestframework-camel-case==1.4.2 django==5.2.19; } >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

cat >receive.py <<'END'
import json
import django
from django.conf import settings

settings.configure(SECRET_KEY="of this test", INSTALLED_APPS=["django.contrib.contenttypes", "rest_framework"], USE_TZ=True, ROOT_URLCONF=__name__,
                   ALLOWED_HOSTS=["*"], REST_FRAMEWORK={
    "DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": [], "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["djangorestframework_camel_case.render.CamelCaseJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["djangorestframework_camel_case.parser.CamelCaseJSONParser"]})
django.setup()

import django.test
from django.urls import path
from notifications_api_common.api.serializers import NotificatieSerializer
from rest_framework.response import Response
from rest_framework.views import APIView


class Callback(APIView):
    def post(self, request):
        notification = NotificatieSerializer(data=request.data)
        notification.is_valid(raise_exception=True)
        for name, value in notification.validated_data["kenmerken"].items():
            print(f"received {name}: {value}")
        return Response(status=204)


urlpatterns = [path("callback", Callback.as_view())]
sent = {"kanaal": "ketenwacht", "hoofdObject": "https://voorbeeld.nl/zaken/1", "resource": "escalation-raised", "actie": "create",
        "resourceUrl": "https://voorbeeld.nl/meldingen/2", "aanmaakdatum": "2025-05-11T00:00:01+02:00",
        "kenmerken": {"organisatie": "gm0014", "normCode": "helpStarted", "trede1": "ja", "Regio": "Groningen"}}
print("answer", django.test.Client().post("/callback", json.dumps(sent), content_type="application/json").status_code)
END
v/bin/python receive.py >seen 2>&1
cat >expected <<'END'
received organisatie: gm0014
received norm_code: helpStarted
received trede_1: ja
received _regio: Groningen
answer 204
END
v/bin/pip freeze | grep -E '^(notifications-api-common|djangorestframework.*|Django)='
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
