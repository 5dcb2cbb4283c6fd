#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   what notifications-api-common sends of a resource that has no value for one of the channel's kenmerken is taken by a receiver made with the same
#          version of it; and a kenmerk that is true arrives as "true".
# Instead: the kenmerk is sent as null, which the library's own serializer of notifications refuses ("may not be null"), and so the whole notification. true
#          arrives as "True", with a capital, as Python writes it.
# Hurts:   whose channel has a kenmerk that may be empty, such as an end date: notifications of exactly those zaken are refused, sent again for a day, and
#          lost. Whose filter says "true": it never fires.

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
from notifications_api_common.api.serializers import NotificatieSerializer
from rest_framework import routers, serializers, viewsets


class Zaak(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    geheim = models.BooleanField(default=True, help_text="geheim")
    einddatum = models.DateField(null=True, help_text="einde")

    class Meta:
        app_label = "zaken"


KANAAL = Kanaal("zaken", main_resource=Zaak, kenmerken=("geheim", "einddatum"))


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
ask("put", url, {"geheim": False, "einddatum": "2022-12-01"})
for message in Task.sent:
    received = {"hoofd_object": message["hoofdObject"], "resource_url": message["resourceUrl"], **message}
    notification = NotificatieSerializer(data=received)
    print("sent kenmerken:", json.dumps(message["kenmerken"]))
    print("taken" if notification.is_valid() else f"refused: {json.dumps(notification.errors)}")
END
v/bin/python send.py 2>errors >seen
cat >expected <<'END'
sent kenmerken: {"geheim": "True", "einddatum": null}
refused: {"kenmerken": {"einddatum": ["This field may not be null."]}}
sent kenmerken: {"geheim": "False", "einddatum": "2022-12-01"}
taken
END
v/bin/pip freeze | grep -iE '^(notifications-api-common|djangorestframework|Django|zgw-consumers)='
cat seen
cmp -s seen expected && exit 0
tail -3 errors
echo "It has changed; it was:"
cat expected
exit 1
