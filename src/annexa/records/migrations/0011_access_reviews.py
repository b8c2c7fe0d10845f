"""Access lists and their reviews; reversible: the tables go, and what the ledger says of them stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0010_processes'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessList',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('annexa', 'Annexa itself'), ('system', 'AI system'), ('other', 'Other system')], max_length=10)),
                ('subject', models.CharField(db_index=True, max_length=200)),
                ('name', models.CharField(max_length=300)),
                ('sha256', models.CharField(max_length=64)),
                ('taken_at', models.DateTimeField()),
                ('read_as', models.JSONField()),
                ('lines', models.JSONField()),
                ('recorded_at', models.DateTimeField(db_index=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AccessReview',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('lists', models.JSONField()),
                ('reviewers', models.JSONField()),
                ('due_on', models.DateField()),
                ('because', models.TextField(blank=True)),
                ('recorded_at', models.DateTimeField(db_index=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('carrier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AccessDecision',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('line', models.PositiveIntegerField()),
                ('number', models.PositiveIntegerField()),
                ('decision', models.CharField(choices=[('keep', 'Keep'), ('change', 'Change'), ('revoke', 'Revoke')], max_length=10)),
                ('to', models.CharField(blank=True, max_length=300)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('holder', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='records.accesslist')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='records.accessreview')),
            ],
        ),
        migrations.CreateModel(
            name='AccessReviewEnd',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('counts', models.JSONField()),
                ('undecided', models.JSONField()),
                ('until', models.JSONField()),
                ('because', models.TextField(blank=True)),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('review', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='end', to='records.accessreview')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AccessCarriedOut',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decision', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='carried_out', to='records.accessdecision')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='access_carried_out_says_how')],
            },
        ),
        migrations.AddConstraint(
            model_name='accesslist',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['annexa', 'system', 'other'])), name='access_list_kind'),
        ),
        migrations.AddConstraint(
            model_name='accesslist',
            constraint=models.CheckConstraint(condition=models.Q(('subject', ''), _negated=True), name='access_list_has_subject'),
        ),
        migrations.AddConstraint(
            model_name='accessdecision',
            constraint=models.UniqueConstraint(fields=('review', 'source', 'line', 'number'), name='access_decision_once'),
        ),
        migrations.AddConstraint(
            model_name='accessdecision',
            constraint=models.CheckConstraint(condition=models.Q(('decision__in', ['keep', 'change', 'revoke'])), name='access_decision_known'),
        ),
        migrations.AddConstraint(
            model_name='accessdecision',
            constraint=models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='access_decision_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='accessdecision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decision', 'change'), _negated=True), models.Q(('to', ''), _negated=True), _connector='OR'), name='access_decision_says_to_what'),
        ),
        migrations.AddConstraint(
            model_name='accessdecision',
            constraint=models.CheckConstraint(condition=models.Q(('holder__isnull', True), models.Q(('by', models.F('holder')), _negated=True), _connector='OR'), name='access_decision_four_eyes'),
        ),
    ]
