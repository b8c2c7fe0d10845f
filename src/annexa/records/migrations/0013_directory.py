"""What a directory says of people and groups, and which roles follow from groups; reversible: the tables go, and what
the ledger says of them stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0012_sign_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='DirectoryGroup',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('name', models.CharField(db_index=True, max_length=254)),
                ('external_id', models.CharField(blank=True, db_index=True, max_length=254)),
                ('gone', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('gone', False)), fields=('name',), name='directory_group_name')],
            },
        ),
        migrations.CreateModel(
            name='GroupRoleRule',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('group', models.CharField(max_length=254)),
                ('role', models.CharField(max_length=20)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='records.unit')),
            ],
        ),
        migrations.CreateModel(
            name='GroupRoleEnd',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rule', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='end', to='records.grouprolerule')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DirectoryMembership',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('standing', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='records.directorygroup')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('group', 'person'), name='directory_membership_once')],
            },
        ),
        migrations.CreateModel(
            name='DirectoryPerson',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('user_name', models.CharField(db_index=True, max_length=254)),
                ('external_id', models.CharField(blank=True, db_index=True, max_length=254)),
                ('attributes', models.JSONField(default=dict)),
                ('gone', models.BooleanField(default=False)),
                ('suspended', models.BooleanField(default=False)),
                ('role', models.CharField(blank=True, max_length=20)),
                ('grants', models.JSONField(default=list)),
                ('created_at', models.DateTimeField()),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='directory', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('gone', False)), fields=('user_name',), name='directory_user_name')],
            },
        ),
        migrations.AddConstraint(
            model_name='grouprolerule',
            constraint=models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='group_role_has_reason'),
        ),
    ]
