"""What an approved classification found besides roles and classes; reversible, since what is lost is in the ledger."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0003_classification")]

    operations = [
        migrations.AddField(
            model_name="classificationreview",
            name="circumstances",
            field=models.JSONField(default=None, null=True),
        ),
    ]
