"""Units, committees, who was appointed, and roles in parts of the organisation; reversible: the tables go, and what the
ledger says of them stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0008_webhooks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Committee',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=80, unique=True)),
                ('name', models.CharField(max_length=200, unique=True)),
                ('purpose', models.TextField()),
                ('months_between', models.PositiveSmallIntegerField()),
                ('closed', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='apitoken',
            name='units',
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name='person',
            name='role',
            field=models.CharField(choices=[('administrator', 'Administrator'), ('lead', 'Compliance lead'), ('owner', 'Owner'), ('auditor', 'Auditor'), ('member', 'Member'), ('external', 'From outside')], max_length=20),
        ),
        migrations.AlterField(
            model_name='serviceaccount',
            name='role',
            field=models.CharField(choices=[('administrator', 'Administrator'), ('lead', 'Compliance lead'), ('owner', 'Owner'), ('auditor', 'Auditor'), ('member', 'Member'), ('external', 'From outside')], max_length=20),
        ),
        migrations.AlterField(
            model_name='taskchange',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='Appointment',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('office', models.CharField(max_length=40)),
                ('body', models.CharField(max_length=100)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AppointmentEnd',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('appointment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='end', to='records.appointment')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RoleGrant',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('holder', models.CharField(db_index=True, max_length=80)),
                ('role', models.CharField(max_length=20)),
                ('system', models.CharField(blank=True, max_length=80)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='GrantEnd',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('grant', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='end', to='records.rolegrant')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=80, unique=True)),
                ('name', models.CharField(max_length=300, unique=True)),
                ('closed', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='below', to='records.unit')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='rolegrant',
            name='unit',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='records.unit'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['body', 'office'], name='appointment_of_body'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='appointment_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='grant_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='rolegrant',
            constraint=models.CheckConstraint(condition=models.Q(('unit__isnull', True), ('system', ''), _connector='OR'), name='grant_in_one_place'),
        ),
    ]
