#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a change of a zaak is notified with actie "update", whichever method made it: the library's own documentation of the channel lists create, update
#          and destroy.
# Instead: a PATCH is notified as "partial_update", the name of the view's action in Django REST framework.
# Hurts:   who subscribes to changes (with ketenwacht's nrc-in or otherwise) by actie "update": changes by PATCH, which most front ends make, pass unseen.
#          Take both names.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install notifications-api-common==0.13.1 djangorestframework-camel-case==1.4.2 djangorestframework==3.18.3 \
        django==5.2.19 psycopg2-binary==2.9.13; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >send.py <<'END'
import json
import uuid
import django
from django.conf import settings

settings.configure(SECRET_KEY="of this test", ALLOWED_HOSTS=["*"], USE_TZ=True, ROOT_URLCONF=__name__, FORCE_SCRIPT_NAME=None, NOTIFICATIONS_SOURCE="zaken",
                   SITE_DOMAIN="zaken.example.nl", DEFAULT_AUTO_FIELD="django.db.models.AutoField",
                   DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
                   INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "solo", "simple_certmanager", "zgw_consumers",
                                   "notifications_api_common"],
                   REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": [], "UNAUTHENTICATED_USER": None})
django.setup()

import django.test
from django.db import connection, models
from notifications_api_common import viewsets as library
from notifications_api_common.kanalen import Kanaal
from notifications_api_common.utils import notification_documentation
from rest_framework import routers, serializers, viewsets


class Zaak(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    geheim = models.BooleanField(default=True, help_text="geheim")
    einddatum = models.DateField(null=True, help_text="einde")

    class Meta:
        app_label = "zaken"


KANAAL = Kanaal("zaken", main_resource=Zaak, kenmerken=("geheim",))


class ZaakSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model, fields, extra_kwargs = Zaak, ("url", "geheim", "einddatum"), {"url": {"lookup_field": "uuid"}}


class Zaken(library.NotificationViewSetMixin, viewsets.ModelViewSet):
    queryset, serializer_class, lookup_field, notifications_kanaal = Zaak.objects.all(), ZaakSerializer, "uuid", KANAAL


class Task: # in place of Celery's, which would post it
    sent = []
    delay = staticmethod(lambda message, _: Task.sent.append(json.loads(json.dumps(message))))


library.send_notification = Task
library.NotificationsConfig.get_client = classmethod(lambda _: object())
router = routers.SimpleRouter()
router.register("zaken", Zaken)
urlpatterns = router.urls
with connection.schema_editor() as schema:
    schema.create_model(Zaak)


def ask(method, url, value=None):
    return getattr(django.test.Client(headers={"host": "zaken.example.nl"}), method)(url, json.dumps(value), content_type="application/json")


url = ask("post", "/zaken/", {"geheim": True}).json()["url"]
ask("put", url, {"geheim": False})
ask("patch", url, {"geheim": True})
ask("delete", url)
for message in Task.sent:
    print("sent actie:", message["actie"])
print("documented:", notification_documentation(KANAAL).strip().splitlines()[-1])
END
v/bin/python send.py 2>errors >seen
cat >expected <<'END'
sent actie: create
sent actie: update
sent actie: partial_update
sent actie: destroy
documented: - `zaak`: create, update, destroy
END
v/bin/pip freeze | grep -iE '^(notifications-api-common|djangorestframework|Django|zgw-consumers)='
cat seen
cmp -s seen expected && exit 0
tail -3 errors
echo "It has changed; it was:"
cat expected
exit 1
