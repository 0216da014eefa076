//! The layer form: one rule for a whole router, `routes.route_layer(guard.require::<Admin>())`.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::response::{IntoResponse, Response};
use http::{HeaderMap, Request};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::dpop::Head;
use crate::guard::Look;
use crate::organization::names_another;
use crate::{CurrentUser, Guard, Main, Refusal, Rule, User};

/// Made by [`Guard::require`]; give it to `Router::route_layer`.
pub struct RequireLayer<R, I = Main> {
    guard: Guard<I>,
    rule: PhantomData<fn() -> R>,
}

impl<R, I> RequireLayer<R, I> {
    pub(crate) const fn new(guard: Guard<I>) -> Self {
        Self { guard, rule: PhantomData }
    }
}

impl<R, I> Clone for RequireLayer<R, I> {
    fn clone(&self) -> Self {
        Self::new(self.guard.clone())
    }
}

impl<R, I> std::fmt::Debug for RequireLayer<R, I> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RequireLayer").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl<S, R, I> Layer<S> for RequireLayer<R, I> {
    type Service = RequireService<S, R, I>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, guard: self.guard.clone(), rule: PhantomData }
    }
}

/// Lets a request through to `S` when its caller satisfies the rule, and puts `Extension<CurrentUser>` on it.
pub struct RequireService<S, R, I = Main> {
    inner: S,
    guard: Guard<I>,
    rule: PhantomData<fn() -> R>,
}

impl<S: Clone, R, I> Clone for RequireService<S, R, I> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), guard: self.guard.clone(), rule: PhantomData }
    }
}

impl<S: std::fmt::Debug, R, I> std::fmt::Debug for RequireService<S, R, I> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RequireService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, B, R, I> Service<Request<B>> for RequireService<S, R, I>
where
    S: Service<Request<B>> + Clone,
    S::Response: IntoResponse,
    B: Send + 'static,
    R: Rule,
    I: 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = RequireFuture<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let look = self.guard.look(Head::of_request(&request));
        match look {
            Look::Done(Ok(user)) if !needs_exchange::<R>(&user, request.headers()) => {
                match admit::<B, R, I>(&self.guard, &mut request, user) {
                    Ok(()) => RequireFuture { step: Step::Inner { answer: self.inner.call(request) } },
                    Err(refusal) => self.refuse(refusal, &request),
                }
            }
            Look::Done(Err(refusal)) => self.refuse(refusal, &request),
            // Rare: something that the issuer must be asked. Only then is the request put aside, in a box.
            look => {
                let clone = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, clone);
                let guard = self.guard.clone();
                let asking = Box::pin(async move {
                    let headers = request.headers().clone();
                    let challenged = |refusal| guard.challenged(refusal, &headers);
                    let mut user = match look {
                        Look::Done(user) => user.map_err(challenged)?,
                        Look::AskIssuer(question) => guard.ask(question).await.map_err(challenged)?,
                    };
                    if R::ASKS_FOR_ORGANIZATION {
                        let (mut head, body) = request.into_parts();
                        user = guard.as_member(user, &head.headers, &mut head.extensions).await?;
                        request = Request::from_parts(head, body);
                    }
                    admit::<B, R, I>(&guard, &mut request, user).map_err(challenged)?;
                    Ok(request)
                });
                RequireFuture { step: Step::Asking { asking, inner } }
            }
        }
    }
}

impl<S, R, I> RequireService<S, R, I> {
    fn refuse<B>(&self, refusal: Refusal, request: &Request<B>) -> RequireFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        RequireFuture { step: Step::Refused { refusal: self.guard.challenged(refusal, request.headers()) } }
    }
}

/// Whether the rule is about an organization, and the request names another than the token.
fn needs_exchange<R: Rule>(user: &User, headers: &HeaderMap) -> bool {
    R::ASKS_FOR_ORGANIZATION && names_another(user, headers)
}

/// Applies the rule and leaves the caller on the request, for handlers and for guards further in.
fn admit<B, R: Rule, I: 'static>(
    guard: &Guard<I>,
    request: &mut Request<B>,
    user: User,
) -> Result<(), Refusal> {
    crate::require::hold::<R>(&user, request.headers())?;
    if names_another(&user, request.headers()) {
        let headers = request.headers().clone();
        guard.note_held::<R>(&headers, request.extensions_mut());
    }
    guard.remember(request.extensions_mut(), &user);
    request.extensions_mut().insert(CurrentUser::<I>::new(user));
    Ok(())
}

type Asking<B> = Pin<Box<dyn Future<Output = Result<Request<B>, Refusal>> + Send>>;

pin_project! {
    /// The answer of a [`RequireService`]: the inner one's, or a [`Refusal`].
    pub struct RequireFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        step: Step<S, B, S::Future>,
    }
}

pin_project! {
    #[project = StepNow]
    enum Step<S, B, F> {
        Inner { #[pin] answer: F },
        Refused { refusal: Refusal },
        Asking { asking: Asking<B>, inner: S },
    }
}

impl<S, B> Future for RequireFuture<S, B>
where
    S: Service<Request<B>>,
    S::Response: IntoResponse,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        loop {
            let next = match step.as_mut().project() {
                StepNow::Inner { answer } => {
                    return answer.poll(context).map(|answer| answer.map(IntoResponse::into_response));
                }
                StepNow::Refused { refusal } => return Poll::Ready(Ok(refusal.into_response())),
                StepNow::Asking { asking, inner } => match ready!(asking.as_mut().poll(context)) {
                    Ok(request) => Step::Inner { answer: inner.call(request) },
                    Err(refusal) => Step::Refused { refusal },
                },
            };
            step.set(next);
        }
    }
}
