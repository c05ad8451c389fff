"""The addresses people use."""

from django.contrib.auth import views as auth
from django.urls import path

from approvals.desk import (
    account,
    agents,
    decide,
    deliveries,
    detail,
    entry,
    files,
    handing,
    invitation,
    lists,
    live,
    mail,
    members,
    terminal,
)

SUBJECT = "mail/password_reset-subject.txt"
BODY = "mail/password_reset-body.txt"

urlpatterns = [
    path("", lists.inbox, name="inbox"),
    path("open", lists.open_gates, name="open"),
    path("done", lists.done, name="done"),
    path("unclaimed", lists.unclaimed, name="unclaimed"),
    path("unclaimed/<uuid:intent_id>/take-over", lists.take_over, name="take_over"),
    path("test-request", lists.test_request, name="test_request"),
    path("requests/<uuid:gate_id>", detail.gate, name="gate"),
    path("requests/<uuid:gate_id>/decide", decide.decide, name="decide"),
    path("requests/<uuid:gate_id>/delegate", handing.delegate, name="delegate"),
    path("files/<uuid:upload_id>/<str:purpose>", files.fetch, name="file"),
    path("agents", agents.agents, name="agents"),
    path("agents/live", agents.live, name="agents_live"),
    path("agents/<uuid:agent_id>", agents.agent, name="agent"),
    path("agents/<uuid:agent_id>/switch", agents.switch, name="agent_switch"),
    path("deliveries", deliveries.log, name="deliveries"),
    path("deliveries/<uuid:message_id>/send-again", deliveries.again, name="send_again"),
    path("live", live.live, name="live"),
    path("m/<str:token>", mail.mail_link, name="mail_link"),
    path("auth/exchange", entry.exchange, name="exchange"),
    path("people", members.people, name="people"),
    path("people/<uuid:workspace_id>/invite", members.invite, name="invite"),
    path("people/revoke/<uuid:invite_id>", members.revoke, name="revoke_invite"),
    path("invitations/<str:token>", invitation.invitation, name="invitation"),
    path("cli/sessions/<uuid:session_id>/end", terminal.end_session, name="end_session"),
    path("cli", terminal.cli_grant, name="cli_grant"),
    path("settings", account.settings, name="settings"),
    path("settings/theme", account.theme, name="theme"),
    path(
        "sign-in",
        auth.LoginView.as_view(
            template_name="account/sign_in.html",
            authentication_form=account.SignIn,
            redirect_authenticated_user=True,
        ),
        name="login",
    ),
    path("sign-out", account.sign_out, name="logout"),
    path(
        "password",
        auth.PasswordChangeView.as_view(
            form_class=account.ChangedPassword, template_name="account/password_change.html"
        ),
        name="password_change",
    ),
    path(
        "password/changed",
        auth.PasswordChangeDoneView.as_view(template_name="account/password_change_done.html"),
        name="password_change_done",
    ),
    path(
        "password/reset",
        auth.PasswordResetView.as_view(
            template_name="account/password_reset.html",
            email_template_name=BODY,
            subject_template_name=SUBJECT,
        ),
        name="password_reset",
    ),
    path(
        "password/reset/sent",
        auth.PasswordResetDoneView.as_view(template_name="account/password_reset_done.html"),
        name="password_reset_done",
    ),
    path(
        "password/reset/<uidb64>/<token>",
        auth.PasswordResetConfirmView.as_view(
            form_class=account.NewPassword, template_name="account/password_reset_confirm.html"
        ),
        name="password_reset_confirm",
    ),
    path(
        "password/reset/done",
        auth.PasswordResetCompleteView.as_view(
            template_name="account/password_reset_complete.html"
        ),
        name="password_reset_complete",
    ),
]
