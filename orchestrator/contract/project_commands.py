"""Bodies of the commands about projects, and what each means."""

from pydantic import Field

from orchestrator.contract.fields import Description, GivenName, Id, Tags, Wire
from orchestrator.domain.commands import UNSET, CreateProject, DeleteProject, UpdateProject


class CreateProjectBody(Wire):
    """Create a project."""

    name: GivenName
    description: Description = ""
    tags: Tags = Field(default_factory=list)

    def command(self) -> CreateProject:
        """Give what is meant."""
        return CreateProject(name=self.name, description=self.description, tags=tuple(self.tags))


class UpdateProjectBody(Wire):
    """Rename, describe or tag a project; fields that are left out stay as they are."""

    project: Id
    name: GivenName = ""
    description: Description = ""
    tags: Tags = Field(default_factory=list)

    def command(self) -> UpdateProject:
        """Give what is meant."""
        given = self.model_fields_set
        return UpdateProject(
            project=self.project,
            name=self.name if "name" in given else UNSET,
            description=self.description if "description" in given else UNSET,
            tags=tuple(self.tags) if "tags" in given else UNSET,
        )


class DeleteProjectBody(Wire):
    """Remove a project with all its tasks."""

    project: Id

    def command(self) -> DeleteProject:
        """Give what is meant."""
        return DeleteProject(project=self.project)
