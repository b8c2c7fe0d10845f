"""Classification: answers in revisions, and what was decided about each."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0002_ledger_is_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='ClassificationAnswers',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('tree', models.CharField(max_length=40)),
                ('tree_version', models.CharField(max_length=20)),
                ('tree_digest', models.CharField(max_length=64)),
                ('scope', models.CharField(max_length=80)),
                ('revision', models.PositiveIntegerField()),
                ('answers', models.JSONField()),
                ('because', models.TextField(blank=True)),
                ('recorded_at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ClassificationReview',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('decision', models.CharField(choices=[('asked', 'Review asked for'), ('approved', 'Approved'), ('returned', 'Returned')], max_length=10)),
                ('because', models.TextField(blank=True)),
                ('recorded_at', models.DateTimeField()),
                ('answered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('answers', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='records.classificationanswers')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='classificationanswers',
            constraint=models.UniqueConstraint(fields=('tree', 'scope', 'revision'), name='classification_revision_once'),
        ),
        migrations.AddConstraint(
            model_name='classificationanswers',
            constraint=models.CheckConstraint(condition=models.Q(('revision__gte', 1)), name='classification_revision_from_one'),
        ),
        migrations.AddConstraint(
            model_name='classificationreview',
            constraint=models.UniqueConstraint(fields=('answers', 'number'), name='classification_review_step_once'),
        ),
        migrations.AddConstraint(
            model_name='classificationreview',
            constraint=models.UniqueConstraint(condition=models.Q(('decision', 'approved')), fields=('answers',), name='classification_approved_once'),
        ),
        migrations.AddConstraint(
            model_name='classificationreview',
            constraint=models.CheckConstraint(condition=models.Q(('decision__in', ['asked', 'approved', 'returned'])), name='classification_review_decision'),
        ),
        migrations.AddConstraint(
            model_name='classificationreview',
            constraint=models.CheckConstraint(condition=models.Q(('decision', 'asked'), models.Q(('by', models.F('answered_by')), _negated=True), _connector='OR'), name='classification_review_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='classificationreview',
            constraint=models.CheckConstraint(condition=models.Q(('decision', 'asked'), models.Q(('because', ''), _negated=True), _connector='OR'), name='classification_review_has_reason'),
        ),
    ]
