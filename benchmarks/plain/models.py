"""The tables that the benchmark reads and writes, as they are, without their managers, fields and constraints."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class User(AbstractBaseUser):
    name = models.TextField()
    email = models.TextField(unique=True)
    role = models.TextField()
    is_active = models.BooleanField()
    timezone = models.TextField()
    last_login = models.DateTimeField(db_column="last_login_at", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    sub_account_id = models.BigIntegerField()

    objects: ClassVar[BaseUserManager] = BaseUserManager()

    USERNAME_FIELD = "email"

    class Meta:
        managed = False
        db_table = "users"


class Strategy(models.Model):
    name = models.TextField()
    description = models.TextField(null=True)
    ai_name = models.TextField()
    ai_role = models.TextField()
    conversation_tone = models.TextField()
    qualification_questions = models.TextField()
    objection_handling = models.TextField()
    closing_strategy = models.TextField()
    is_active = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    sub_account_id = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "strategies"

    def __str__(self) -> str:
        return self.name


class Lead(models.Model):
    name = models.TextField()
    email = models.TextField(null=True)
    phone = models.TextField(null=True)
    company = models.TextField(null=True)
    position = models.TextField(null=True)
    custom_id = models.TextField(null=True)
    timezone = models.TextField(null=True)
    status = models.TextField(default="lead")
    notes = models.TextField(null=True)
    regular_user = models.ForeignKey(User, models.CASCADE)
    strategy = models.ForeignKey(Strategy, models.CASCADE)
    message_history = models.JSONField(null=True)
    conversation_state = models.JSONField(null=True)
    last_message = models.TextField(null=True)
    last_message_date = models.TextField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    sub_account_id = models.BigIntegerField(editable=False)

    class Meta:
        managed = False
        db_table = "leads"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class Booking(models.Model):
    regular_user = models.ForeignKey(User, models.CASCADE)
    lead = models.ForeignKey(Lead, models.SET_NULL, null=True, related_name="bookings")
    booking_type = models.TextField()
    details = models.JSONField()
    status = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    sub_account_id = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "bookings"

    def __str__(self) -> str:
        return f"{self.booking_type} {self.pk}"
