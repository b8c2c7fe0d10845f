"""Who answers for controls, tasks with their changes, and when people were last here."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0004_circumstances'),
    ]

    operations = [
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('seen_at', models.DateTimeField()),
                ('left_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('control', models.CharField(max_length=40)),
                ('scope', models.CharField(max_length=80)),
                ('due_on', models.DateField()),
                ('effort_days', models.FloatField()),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField(db_index=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='TaskChange',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('what', models.CharField(choices=[('handed', 'Handed over'), ('moved', 'Moved to another day'), ('withdrawn', 'Taken back')], max_length=10)),
                ('due_on', models.DateField(null=True)),
                ('because', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='records.task')),
            ],
        ),
        migrations.CreateModel(
            name='Ownership',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('control', models.CharField(max_length=40)),
                ('scope', models.CharField(max_length=80)),
                ('number', models.PositiveIntegerField()),
                ('because', models.TextField(blank=True)),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('control', 'scope', 'number'), name='ownership_once'), models.CheckConstraint(condition=models.Q(('number', 1), models.Q(('because', ''), _negated=True), _connector='OR'), name='ownership_handed_over_has_reason')],
            },
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['control', 'scope'], name='task_of_control'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('effort_days__gte', 0)), name='task_effort_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='task_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='taskchange',
            constraint=models.UniqueConstraint(fields=('task', 'number'), name='task_change_once'),
        ),
        migrations.AddConstraint(
            model_name='taskchange',
            constraint=models.UniqueConstraint(condition=models.Q(('what', 'withdrawn')), fields=('task',), name='task_withdrawn_once'),
        ),
        migrations.AddConstraint(
            model_name='taskchange',
            constraint=models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='task_change_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='taskchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_on__isnull', True), ('owner__isnull', False), ('what', 'handed')), models.Q(('due_on__isnull', False), ('owner__isnull', True), ('what', 'moved')), models.Q(('due_on__isnull', True), ('owner__isnull', True), ('what', 'withdrawn')), _connector='OR'), name='task_change_says_what'),
        ),
    ]
